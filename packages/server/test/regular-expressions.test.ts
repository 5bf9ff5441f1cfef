import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { checkSync } from "recheck";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { sample } from "./support/effort.js";
import { REPOSITORY } from "./support/folders.js";

// Every regular expression in the sources must take linear time, so that no input can block the process. An
// expression that is not linear must be rewritten; there is no list of exceptions.

// Uses recheck's JavaScript implementation, since its native programs are not installed.
process.env.RECHECK_BACKEND = "pure";

interface Expression {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

const PACKAGES = ["client", "im-script", "schema", "server", "trpc-fastify"];
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => join(folder, name));

/**
 * Returns the regular expressions of a file, and the places that create one from a text, which cannot be
 * checked.
 */
const expressionsIn = (file: string): { literals: Expression[]; made: string[] } => {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const literals: Expression[] = [];
  const made: string[] = [];
  const placeOf = (node: ts.Node) =>
    `${relative(REPOSITORY, file)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/");
      const [text, flags] = [node.text.slice(1, end), node.text.slice(end + 1)];
      literals.push({ place: placeOf(node), source: text, flags });
    }
    const isCall = ts.isNewExpression(node) || ts.isCallExpression(node);
    if (isCall && node.expression.getText() === "RegExp") made.push(placeOf(node).replace(/:\d+$/, ""));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { literals, made };
};

const found = PACKAGES.flatMap((name) => filesIn(join(REPOSITORY, "packages", name, "src"))).map(
  expressionsIn,
);
const literals = found.flatMap((file) => file.literals);
/**
 * Returns the complexity of an expression for its worst input; `safe` is linear. It is proved if possible.
 * Otherwise (recheck has no automaton for lookahead), it is tested with generated worst-case inputs.
 */
const judge = ({ source, flags }: Expression): string => {
  const proved = checkSync(source, flags, { checker: "automaton", timeout: 120_000 });
  if (proved.status !== "unknown") return proved.status;
  return checkSync(source, flags, { checker: "auto", timeout: 120_000 }).status;
};

describe("regular expressions", () => {
  it("are found", () => {
    expect(literals.length).toBeGreaterThan(50);
  });

  it("are judged rightly: these are not linear", () => {
    for (const source of ["^(a+)+$", "\\s+$", "\\sr\\s*=\\s*['\"](?:x|\\s+)*y"])
      expect({ source, status: judge({ place: "", source, flags: "" }) }).toEqual({
        source,
        status: "vulnerable",
      });
  });

  it("are linear, each of them", () => {
    const judged = sample(literals, 10).map(
      (one) => `${one.place} /${one.source}/${one.flags} is ${judge(one)}`,
    );
    expect(judged.filter((line) => !line.endsWith(" is safe"))).toEqual([]);
  });

  it("are made of a text only where no caller has a hand in it", () => {
    // Matches the names of command options in an error message, and the characters of join codes.
    expect(found.flatMap(({ made }) => made)).toEqual([
      "packages/server/src/cli/program.ts",
      "packages/server/src/identity/join-codes.ts",
    ]);
  });
});
