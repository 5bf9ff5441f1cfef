import { expect, it } from "vitest";
import { preferredLocale } from "./texts.js";

type Tree = { readonly [Name in string]: string | Tree };
const english = import.meta.glob<Tree>("./en/*.ts", { eager: true, import: "default" });
const chinese = import.meta.glob<Tree>("./zh/*.ts", { eager: true, import: "default" });

/** The arguments and tags of each text, by its name. */
const argumentsOf = (tree: Tree, path = ""): [string, string][] =>
  Object.entries(tree).flatMap(([name, value]) =>
    typeof value === "string"
      ? [
          [
            `${path}${name}`,
            [...new Set(value.match(/(?<!(?:=\d+|one|other) )\{\w+(?=[,}])|<\w+>/g))].sort().join(" "),
          ],
        ]
      : argumentsOf(value, `${path}${name}.`),
  );

it.each(Object.keys(english))(
  "%s says the same in both languages: each text has the same arguments and tags",
  (file) => {
    const other = chinese[file.replace("/en/", "/zh/")];
    expect(argumentsOf(other ?? {})).toEqual(argumentsOf(english[file] ?? {}));
  },
);

it("chooses a language as the browser prefers", () => {
  expect(preferredLocale(["fr-FR", "zh-TW", "en"])).toBe("zh-CN");
  expect(preferredLocale(["en-GB", "zh-CN"])).toBe("en");
  expect(preferredLocale(["fr"])).toBe("en");
});
