import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { paste, REPOSITORY } from "./process.js";

// A guide of `docs/` is performed: a test runs its commands, and makes its calls with the typed client.

type Language = "js" | "sh";
interface Block {
  readonly language: Language;
  readonly text: string;
}
const blocksOf = (text: string): readonly Block[] =>
  [...text.matchAll(/^```(js|sh)\n(.*?)^```$/gms)].map(([, language, block = ""]) => ({
    // Safe: the expression matches no other.
    language: language as Language,
    text: block,
  }));

export interface Guide {
  /** Its chapters, in order. */
  readonly titles: readonly string[];
  /** Writes a program with the calls of a chapter, which begins as each call does. */
  readonly write: (file: string, title: string) => void;
  /** Does what a chapter says, or one of its blocks. Returns what it prints. */
  readonly perform: (title: string, block?: number) => Promise<string>;
}

/**
 * Reads a guide, which is performed in a folder.
 *
 * @param env - the environment of each block, as it is when the block begins
 * @param adapt - replaces the examples of the guide, as it asks for
 */
export const readGuide = (
  name: string,
  folder: string,
  env: () => Readonly<Record<string, string>>,
  adapt: (text: string) => string = (text) => text,
): Guide => {
  const [intro = "", ...chapters] = adapt(readFileSync(join(REPOSITORY, "docs", name), "utf8")).split(
    /^## /m,
  );
  mkdirSync(join(folder, "node_modules/@invigil"), { recursive: true });
  symlinkSync(join(REPOSITORY, "packages/client"), join(folder, "node_modules/@invigil/client"));
  const ofLanguage = (blocks: readonly Block[], language: Language): string[] =>
    blocks.filter((block) => block.language === language).map(({ text }) => text);
  const begun = (language: Language, texts: readonly string[]): string =>
    [...ofLanguage(blocksOf(intro), language), ...texts].join("\n");
  const blocksIn = (title: string): readonly Block[] => {
    const chapter = chapters.find((text) => text.startsWith(`${title}\n`));
    if (chapter === undefined) throw new Error(`the guide has no chapter "${title}"`);
    return blocksOf(chapter);
  };
  return {
    titles: chapters.map((text) => text.slice(0, text.indexOf("\n"))),
    write: (file, title) => writeFileSync(join(folder, file), begun("js", ofLanguage(blocksIn(title), "js"))),
    async perform(title, number) {
      const blocks = blocksIn(title);
      const chosen = number === undefined ? blocks : blocks.slice(number, number + 1);
      if (chosen.length === 0) throw new Error(`the chapter "${title}" has no such block`);
      let printed = "";
      for (const { language, text } of chosen) {
        const begin = begun(language, [text]);
        if (language === "js") writeFileSync(join(folder, "call.mjs"), begin);
        const command = language === "js" ? "node call.mjs" : begin;
        const { code, stdout, stderr } = await paste(command, { cwd: folder, env: env() });
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        printed += stdout;
      }
      return printed;
    },
  };
};
