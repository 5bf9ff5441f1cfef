import { pageHeaders } from "../http/page.js";
import { escapeHtml } from "../platform/html.js";
import type { OpenApiDocument, Operation, Parameter } from "./document.js";
import { boundsOf, type JsonSchema } from "./json-schema.js";

// The OpenAPI document as a page, without a script. Everything is visible, so that the browser's own search finds it.

const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --faint: #59636e; --line: #d1d9e0; --page: #fff; --box: #f6f8fa; --link: #0550ae; --get: #0a5c2b; --post: #8a3b00; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --faint: #9198a1; --line: #3d444d; --page: #0d1117; --box: #151b23; --link: #79c0ff; --get: #7ee2a0; --post: #ffb77c; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
code, pre { font: .875em/1.5 ui-monospace, monospace; }
h1 { margin: 0 0 1rem; font-size: 1.75rem; line-height: 1.25; }
h2 { margin: 3.5rem 0 0; padding-top: 1.5rem; border-top: 1px solid var(--line); font-size: 1.4rem; }
h3 { margin: 2.5rem 0 .5rem; font-size: 1.1rem; }
h3 .method { min-width: 0; }
h3 code { font-size: .95em; }
h4 { margin: 1.25rem 0 .25rem; font-size: .8rem; letter-spacing: .05em; text-transform: uppercase; color: var(--faint); }
p, ul { margin: .5rem 0; max-width: 44rem; }
ul { padding-left: 1.25rem; }
nav { padding: 1.5rem; border-bottom: 1px solid var(--line); }
nav p { margin: 0 0 .5rem; }
nav h2 { margin: 1rem 0 .25rem; padding: 0; border: 0; font-size: .8rem; color: var(--faint); }
nav ul { margin: 0; padding: 0; list-style: none; }
nav li { padding: .15rem 0; }
main { padding: 1.5rem; min-width: 0; }
.method { display: inline-block; min-width: 3.2em; font-weight: 700; }
.get { color: var(--get); } .post { color: var(--post); }
.summary { font-weight: 600; }
dl { margin: 0; max-width: 52rem; border-left: 2px solid var(--line); padding-left: 1rem; }
dl dl { margin: .25rem 0 .5rem; }
dt { margin-top: .5rem; }
dd { margin: 0; }
.type { color: var(--faint); font-size: .875rem; }
.type b { color: var(--text); }
pre { margin: .25rem 0; padding: .75rem 1rem; max-width: 52rem; overflow-x: auto; border-radius: .4rem; background: var(--box); }
@media (min-width: 60rem) {
  body { display: grid; grid-template-columns: 21.5rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-right: 1px solid var(--line); border-bottom: 0; }
  main { padding: 2rem 3rem 6rem; }
}
`;

export const PAGE_HEADERS = pageHeaders(STYLE);

/** The Markdown that the document uses, on one line: code and bold text. */
const inline = (markdown: string): string =>
  escapeHtml(markdown)
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>");

/** Paragraphs, and lists of one level. */
const blocks = (markdown: string): string =>
  markdown
    .split("\n\n")
    .map((block) =>
      block.startsWith("- ")
        ? `<ul>${block
            .split("\n")
            .map((item) => `<li>${inline(item.slice(2))}</li>`)
            .join("")}</ul>`
        : `<p>${inline(block)}</p>`,
    )
    .join("\n");

const pre = (text: string): string => `<pre tabindex="0">${escapeHtml(text)}</pre>`;
const code = (text: string): string => `<code>${escapeHtml(text)}</code>`;

const NAMES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  array: "list",
  object: "object",
  null: "null",
};

const REFERENCE = /^#\/components\/schemas\/(.+)$/;
const shapeId = (name: string): string => `shape-${name}`;

/** The type of a value, as HTML. */
const typeOf = (schema: JsonSchema): string => {
  const [, shape] = REFERENCE.exec(schema.$ref ?? "") ?? [];
  if (shape !== undefined) return `<a href="#${escapeHtml(shapeId(shape))}">${escapeHtml(shape)}</a>`;
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(JSON.stringify(value))).join(" or ");
  if (schema.anyOf) {
    const types = schema.anyOf
      // The page says once for all fields which values mean absent.
      .filter((form) => form.type !== undefined || form.anyOf || form.$ref)
      .map(typeOf);
    return [...new Set(types)].join(" or ");
  }
  const type =
    schema.type === "array" && schema.items
      ? `list of ${typeOf(schema.items)}`
      : (NAMES[schema.type ?? ""] ?? "anything");
  const bounds = boundsOf(schema);
  return bounds === undefined ? type : `${type}, ${bounds}`;
};

/** In requests, fields are required or optional. In answers, only what may be absent is worth saying. */
type Place = "request" | "answer";

/** The fields of an object, with those of the objects inside of it. */
const fieldsOf = ({ properties = {}, required = [] }: JsonSchema, place: Place): string =>
  `<dl>${Object.entries(properties)
    .map(([name, schema]) => field(name, schema, place, required.includes(name)))
    .join("\n")}</dl>`;

/** The fields inside of a value, if it has any. */
const inner = (schema: JsonSchema, place: Place): string => {
  if (schema.properties) return fieldsOf(schema, place);
  const [first] = [schema.items, schema.contentSchema].flatMap((inside) =>
    inside ? [inner(inside, place)] : [],
  );
  return first ?? "";
};

const field = (name: string, schema: JsonSchema, place: Place, isRequired: boolean, note = ""): string => {
  const { default: byDefault, examples: [example] = [] } = schema;
  const notes = [
    typeOf(schema),
    example === undefined ? "" : `like ${code(String(example))}`,
    note,
    isRequired ? place === "request" && "<b>required</b>" : "optional",
    byDefault === undefined ? "" : `default ${code(JSON.stringify(byDefault))}`,
  ];
  return `<dt>${code(name)} <span class="type">${notes.filter(Boolean).join(" · ")}</span></dt>
<dd>${inline(schema.description ?? "")}${inner(schema, place)}</dd>`;
};

const parameters = (all: readonly Parameter[]): string =>
  `<dl>${all
    .map(({ name, in: place, required, description, schema }) =>
      field(name, { ...schema, description }, "request", required, place === "header" ? "header" : ""),
    )
    .join("\n")}</dl>`;

const request = ({ parameters: sent = [], requestBody }: Operation): string => {
  const json = requestBody?.content["application/json"];
  if (!json)
    return sent.length > 0
      ? `<h4>Query${sent.some(({ in: place }) => place === "header") ? " and headers" : ""}</h4>${parameters(sent)}`
      : "";
  const forms = requestBody?.content["application/x-www-form-urlencoded"] ? "JSON or form" : "JSON";
  return `<h4>Body (${forms}${sent.length > 0 ? ", or query" : ""})</h4>${fieldsOf(json.schema, "request")}`;
};

/** The `data` of the answer, in the first alternative of the response with status 200. */
const dataOf = ({ responses }: Operation): JsonSchema | undefined => {
  const schema = responses["200"]?.content["application/json"].schema;
  // Safe: the document writes the success first.
  const success = (schema?.oneOf as readonly JsonSchema[] | undefined)?.[0] ?? schema;
  return success?.properties?.data;
};

const answer = (operation: Operation): string => {
  const data = dataOf(operation);
  return `<h4>Answer</h4>${
    data
      ? `<dl><dt><code>data</code> <span class="type">${typeOf(data)}</span></dt><dd>${inline(data.description ?? "")}${inner(data, "answer")}</dd></dl>`
      : "<p>Without <code>data</code>.</p>"
  }`;
};

/** The errors of an operation, each as Markdown with its HTTP status. */
const errorsOf = ({ responses }: Operation): string[] =>
  Object.entries(responses).flatMap(([status, { description }]) =>
    description
      .split("\n\n")
      .filter((line) => line.startsWith("`"))
      .map((line) => `${line} HTTP ${status}.`),
  );
const items = (lines: readonly string[]): string =>
  `<ul>${lines.map((line) => `<li>${inline(line)}</li>`).join("\n")}</ul>`;

/** @param usual the errors that most paths have, which the page describes once */
const errors = (operation: Operation, usual: ReadonlySet<string>): string => {
  const all = errorsOf(operation);
  const own = all.filter((line) => !usual.has(line));
  const names = all.filter((line) => usual.has(line)).map((line) => line.split(":", 1)[0]);
  return `<h4>Errors</h4>${own.length > 0 ? items(own) : ""}
<p>${own.length > 0 ? "And the" : "The"} <a href="#errors">usual ones</a>: ${inline(names.join(", "))}.</p>`;
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const example = (path: string, operation: Operation): string => {
  const { security, parameters: sent = [], requestBody, responses } = operation;
  const answered = responses["200"]?.content["application/json"].example;
  if (answered === undefined) return "";
  const body = requestBody?.content["application/json"]?.example;
  const query = new URLSearchParams(
    sent.flatMap(({ in: place, name, example: value }): [string, string][] =>
      place === "query" && value !== undefined ? [[name, String(value)]] : [],
    ),
  ).toString();
  const command = [
    `curl -sS "$INVIGIL${path}${query && `?${query}`}"`,
    ...(security.some((scheme) => "token" in scheme) ? ['-H "authorization: $TOKEN"'] : []),
    ...sent.flatMap(({ in: place, name, example: value }) =>
      place === "header" ? [`-H ${quoted(`${name}: ${String(value)}`)}`] : [],
    ),
    ...(body === undefined
      ? []
      : ["-H 'content-type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
  ].join(" \\\n  ");
  return `<h4>Example</h4>${pre(command)}${pre(JSON.stringify(answered, undefined, 2))}`;
};

interface Listed {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

const title = ({ method, path }: Listed): string =>
  `<span class="method ${method}">${method.toUpperCase()}</span> <code>${escapeHtml(path)}</code>`;

const section = (listed: Listed, usual: ReadonlySet<string>): string => {
  const { path, operation } = listed;
  return `<section id="${escapeHtml(operation.operationId)}">
<h3>${title(listed)}</h3>
<p class="summary">${inline(operation.summary)}</p>
${blocks(operation.description)}
${request(operation)}
${answer(operation)}
${errors(operation, usual)}
${example(path, operation)}
</section>`;
};

/** Writes the page of a document. */
export const documentPage = ({ info, tags, paths, components }: OpenApiDocument): string => {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = tags.map(({ name, description }) => ({
    name,
    description,
    listed: all.filter(({ operation }) => operation.tags[0] === name),
  }));
  const shapes = Object.entries(components.schemas);
  const counts = new Map<string, number>();
  for (const { operation } of all)
    for (const line of errorsOf(operation)) counts.set(line, (counts.get(line) ?? 0) + 1);
  const usual = new Set([...counts].flatMap(([line, times]) => (times * 3 > all.length ? [line] : [])));
  const link = (listed: Listed): string =>
    `<li><a href="#${escapeHtml(listed.operation.operationId)}">${title(listed)}</a></li>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Invigil: REST paths</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<nav aria-label="Paths">
<p><a href=".">Invigil</a> · <a href="openapi.json">openapi.json</a></p>
${groups
  .map(({ name, listed }) => `<h2>${escapeHtml(name)}</h2>\n<ul>${listed.map(link).join("\n")}</ul>`)
  .join("\n")}
<h2>Errors and shapes</h2>
<ul><li><a href="#errors">Usual errors</a></li>
${shapes.map(([name]) => `<li><a href="#${escapeHtml(shapeId(name))}">${code(name)}</a></li>`).join("\n")}</ul>
</nav>
<main>
<h1>${escapeHtml(info.title)}</h1>
${blocks(info.description)}
${groups
  .map(
    ({ name, description, listed }) =>
      `<h2>${escapeHtml(name)}</h2>\n<p>${inline(description)}</p>\n${listed.map((one) => section(one, usual)).join("\n")}`,
  )
  .join("\n")}
<h2 id="errors">Usual errors</h2>
${items([...usual])}
<h2>Shapes</h2>
${shapes
  .map(
    ([name, schema]) =>
      `<section id="${escapeHtml(shapeId(name))}">\n<h3>${code(name)}</h3>\n<p>${inline(schema.description ?? "")}</p>\n${inner(schema, "answer")}\n</section>`,
  )
  .join("\n")}
</main>
</body>
</html>
`;
};
