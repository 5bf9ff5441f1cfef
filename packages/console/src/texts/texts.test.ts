import { expect, it } from "vitest";
import { preferredLocale } from "./texts.js";

type Tree = { readonly [Name in string]: string | Tree };
const english = import.meta.glob<Tree>("./en/*.ts", { eager: true, import: "default" });
const chinese = import.meta.glob<Tree>("./zh/*.ts", { eager: true, import: "default" });

/** Each text, by its name. */
const textsOf = (tree: Tree, path = ""): [string, string][] =>
  Object.entries(tree).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" ? [[`${path}${name}`, value]] : textsOf(value, `${path}${name}.`),
  );

/** The arguments and tags of each text, by its name. */
const argumentsOf = (tree: Tree): [string, string][] =>
  textsOf(tree).map(([name, text]) => [
    name,
    [...new Set(text.match(/(?<!(?:=\d+|one|other) )\{\w+(?=[,}])|<\w+>/g))].sort().join(" "),
  ]);

it.each(Object.keys(english))(
  "%s says the same in both languages: each text has the same arguments and tags",
  (file) => {
    const other = chinese[file.replace("/en/", "/zh/")];
    expect(argumentsOf(other ?? {})).toEqual(argumentsOf(english[file] ?? {}));
  },
);

/** Terms of the software, second names of one thing, and words that judge a candidate before a person has looked. */
const FORBIDDEN = {
  en: /publish|\bteachers?\b|\bseed\b|cheat|\bwhoever\b|\bmeanwhile\b/i,
  // The connection of the page may be 断开. A spreadsheet may call a 考号 学号.
  zh: /推流|拉流|口播|(?<!连接已)断开|作弊|检测到异常|人异常|考试卡|准考证|种子|(?<!或|是)学号|用户编号/,
} as const;

it.each([
  ...Object.entries(english).map(([file, texts]) => [file, texts, FORBIDDEN.en] as const),
  ...Object.entries(chinese).map(([file, texts]) => [file, texts, FORBIDDEN.zh] as const),
])("%s says nothing that an invigilator would not say", (_file, texts, forbidden) => {
  const said = textsOf(texts).map(([name, text]) => [name, text.replaceAll(/\{\w+(?=[,}])/g, "{")] as const);
  expect(said.length).toBeGreaterThan(0);
  expect(said.filter(([, text]) => forbidden.test(text))).toEqual([]);
});

it("chooses a language as the browser prefers", () => {
  expect(preferredLocale(["fr-FR", "zh-TW", "en"])).toBe("zh-CN");
  expect(preferredLocale(["en-GB", "zh-CN"])).toBe("en");
  expect(preferredLocale(["fr"])).toBe("en");
});
