import { screen } from "@testing-library/react";
import { useTranslations } from "use-intl";
import { expect, it } from "vitest";
import { renderPart } from "../../test/render.js";
import type { Locale } from "../texts/texts.js";
import { ScreenTexts, StreamDomainsContext } from "./texts.js";

function Names() {
  const t = useTranslations("watching");
  return (
    <output data-testid="names">
      {[
        t("picture.main"),
        t("picture.pc"),
        t("what.own.recordPc", { type: "T" }),
        t("picture.label", { name: "N", camera: "C" }),
      ].join("; ")}
    </output>
  );
}

it.each<readonly [boolean, Locale, string]>([
  [true, "en", "Phone; PC; T (PC camera); N, C"],
  [true, "zh-CN", "手机; 电脑; T（电脑画面）; N，C"],
  [false, "en", "First camera; Second camera; T (second camera); N, C"],
  [false, "zh-CN", "第一机位; 第二机位; T（第二机位）; N，C"],
])(
  "names cameras after devices only where streams have domains (%s, %s)",
  async (hasDomains, locale, names) => {
    await renderPart(
      <StreamDomainsContext value={hasDomains}>
        <ScreenTexts of="watching">
          <Names />
        </ScreenTexts>
      </StreamDomainsContext>,
      { locale, screen: "watching" },
    );
    expect(screen.getByTestId("names").textContent).toBe(names);
  },
);
