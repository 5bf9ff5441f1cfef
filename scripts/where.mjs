#!/usr/bin/env node
// Says where a procedure is: node scripts/where.mjs exam.plan
// It prints the router, the method of the service that the router calls, the stores of that service, and the tests that name the procedure.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = resolve(import.meta.dirname, "..");
const server = join(root, "packages/server");

const filesIn = (folder, ending) =>
  readdirSync(join(server, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map(({ parentPath, name }) => join(parentPath, name));

const parsed = (file) => ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);

/** The first node inside of another one for which `pick` returns something. */
const firstIn = (node, pick) => ts.forEachChild(node, (child) => pick(child) ?? firstIn(child, pick));

/** The property or method of an object literal. */
const memberIn = (node, name) =>
  firstIn(node, (child) =>
    ts.isObjectLiteralElementLike(child) && child.name?.getText() === name ? child : undefined,
  );

/** The files that a file imports from its own folder, by what it imports. */
const neighboursOf = (source) =>
  new Map(
    source.statements
      .filter(ts.isImportDeclaration)
      .flatMap(({ importClause, moduleSpecifier: { text } }) => {
        const file = join(dirname(source.fileName), text.replace(/\.js$/, ".ts"));
        const names = importClause?.namedBindings?.elements ?? [];
        return text.startsWith("./") ? names.map(({ name }) => [name.text, file]) : [];
      }),
  );

/** A place as editors open it: a path and a line. */
const placeOf = (node) => {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart());
  return `${relative(root, source.fileName)}:${line + 1}`;
};

/** The method of a service that a procedure calls. Undefined: it calls none. */
const methodOf = (router, procedure) => {
  const services = firstIn(router, (node) => (ts.isTypeLiteralNode(node) ? node.members : undefined)) ?? [];
  const files = neighboursOf(router);
  return firstIn(procedure, (node) => {
    if (!ts.isPropertyAccessExpression(node)) return undefined;
    const service = services.find(({ name }) => name.getText() === node.expression.getText());
    const file = service && files.get(service.type.getText());
    return file && memberIn(parsed(file), node.name.text);
  });
};

/**
 * @param {string} path such as `exam.plan`
 * @returns undefined if there is no such procedure
 */
export const whereIs = (path) => {
  const [noun, verb] = path.split(".");
  for (const file of filesIn("src/features", "router.ts")) {
    const router = parsed(file);
    const own = memberIn(router, noun);
    const procedure = own?.initializer && memberIn(own.initializer, verb);
    if (!procedure) continue;
    const method = methodOf(router, procedure);
    const stores =
      method && [...neighboursOf(method.getSourceFile()).values()].filter((one) => one.endsWith("store.ts"));
    return {
      router: placeOf(procedure),
      service: method && placeOf(method),
      stores: [...new Set(stores)].map((one) => relative(root, one)),
    };
  }
  return undefined;
};

/** The tests that name a procedure. */
const testsOf = (path) =>
  [...filesIn("src", ".test.ts"), ...filesIn("test", ".test.ts")]
    .filter((test) => readFileSync(test, "utf8").includes(path))
    .map((test) => relative(root, test));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [path = ""] = process.argv.slice(2);
  const found = whereIs(path);
  if (!found) {
    console.error(`there is no procedure "${path}". Name one as in docs/api, such as exam.plan`);
    process.exit(2);
  }
  console.log(`router   ${found.router}`);
  if (found.service) console.log(`service  ${found.service}`);
  for (const store of found.stores) console.log(`store    ${store}`);
  for (const test of testsOf(path)) console.log(`test     ${test}`);
}
