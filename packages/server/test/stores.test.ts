import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { REPOSITORY } from "./support/folders.js";

const SOURCE = join(REPOSITORY, "packages/server/src");
const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) =>
  /(?<!\.test)\.ts$/.test(name),
);
const nodesOf = (file: string): ts.Node[] => {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(SOURCE, file), "utf8"), ts.ScriptTarget.Latest, true));
  return nodes;
};

/** Functions of stores that decide nothing, and those that have to decide there, with the reason. */
const HANDED = {
  "access/store.ts: ask": "is a method of the store",
  "audio/store.ts: keep": "writes along",
  "audio/store.ts: work": "writes while a file is used, or is not",
  "audit/quota-store.ts: counts": "reads a filter that SQL cannot say",
  "audit/store.ts: without": "reads a filter that SQL cannot say",
  "cheat/store.ts: areWanted": "makes SQL",
  "cheat/store.ts: read": "reads",
  "erasure/store.ts: isOfOwner": "makes SQL",
  "im/send-store.ts: canSendTo":
    "many messages are sent in one transaction, which has no time for more facts",
  "im/send-store.ts: check": "the same",
  "import/store.ts: each": "streams rows",
  "import/store.ts: end": "streams rows",
  "import/store.ts: work": "streams rows",
  "participant/store.ts: write": "is returned",
  "plan/store.ts: people": "makes rows one after the other",
  "room/store.ts: toPerson": "makes a row",
  "roster/people-store.ts: isFound": "searches by names, which SQL cannot fold",
  "roster/people-store.ts: read": "reads",
};

it("decide by their own rules: who calls a store hands it facts, and no function that decides", () => {
  const named = new Set<string>();
  const isFunction = (type: ts.Node): boolean =>
    ts.isFunctionTypeNode(type) ||
    (ts.isTypeReferenceNode(type) && named.has(type.typeName.getText())) ||
    ((ts.isParenthesizedTypeNode(type) || ts.isUnionTypeNode(type)) &&
      (ts.forEachChild(type, (part) => isFunction(part) || undefined) ?? false));
  for (const file of files)
    for (const node of nodesOf(file)) {
      if (ts.isTypeAliasDeclaration(node) && isFunction(node.type)) named.add(node.name.text);
      if (ts.isInterfaceDeclaration(node) && node.members.some(ts.isCallSignatureDeclaration))
        named.add(node.name.text);
    }
  const handed = files
    .filter((file) => /^features\/.*store\.ts$/.test(file))
    .flatMap((file) =>
      nodesOf(file).flatMap((node) =>
        (ts.isParameter(node) || ts.isPropertySignature(node)) && node.type && isFunction(node.type)
          ? [`${file.slice("features/".length)}: ${node.name.getText()}`]
          : [],
      ),
    );
  expect([...new Set(handed)].sort()).toEqual(Object.keys(HANDED));
});
