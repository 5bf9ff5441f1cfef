import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The rules that light and dark may break differently. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/**
 * The violations of WCAG 2.2 AA on a page as it is.
 *
 * @param within - selects the part of the page at which it looks. Default: all of it
 * @param only - the rules about colours alone. Default: all rules
 */
export const violationsOf = async (
  page: Page,
  { within = "html", only }: { readonly within?: string; readonly only?: "colours" } = {},
): Promise<string[]> => {
  // Half a megabyte of script, which a page needs once.
  const hasAxe = await page.evaluate("'axe' in globalThis");
  const axe = new AxeBuilder({ page, ...(hasAxe ? { axeSource: "0" } : {}) })
    // It runs in the page alone. Otherwise each look opens another page, for frames of other origins, and there are none.
    .setLegacyMode()
    .options({ resultTypes: ["violations"] })
    .include(within);
  const { violations } = await (only ? axe.withRules(COLOURS) : axe.withTags(WCAG)).analyze();
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, any }) => `${String(target)} ${any[0]?.message ?? ""}`).join("; ")}`,
  );
};
