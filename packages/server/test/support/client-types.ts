import { type Api, capitalised, type Procedure, type Shape, type ShapeField } from "./api-shapes.js";

// Writes the types of the typed client: an interface for each shape, with the sentences, bounds and defaults of its fields. Types that the
// compiler writes out have no comments.

const comment = (lines: readonly string[], indent: string): string => {
  const all = lines.filter((line) => line !== "").map((line) => line.replaceAll("*/", "*\\/"));
  if (all.length === 0) return "";
  return all.length === 1
    ? `${indent}/** ${all[0]} */\n`
    : `${indent}/**\n${all.map((line) => `${indent} * ${line}\n`).join(`${indent} *\n`)}${indent} */\n`;
};

/** Describes a field: its sentence, and in inputs its bounds and its default. */
const said = ({ sentence, bounds, byDefault }: ShapeField): string =>
  [
    sentence,
    bounds === undefined ? "" : `${capitalised(bounds)}.`,
    byDefault === undefined ? "" : `Default: \`${JSON.stringify(byDefault)}\`.`,
  ]
    .filter((part) => part !== "")
    .join(" ");

const fieldOf = (field: ShapeField): string => {
  const { name, type, absent } = field;
  const declared = absent === undefined ? `${name}: ${type}` : `${name}?: ${type} | ${absent}`;
  return `${comment([said(field)], "  ")}  ${declared};\n`;
};

const declarationOf = ({ name, sentence, fields, type = "" }: Shape): string => {
  const doc = comment([sentence], "");
  if (fields) return `${doc}export interface ${name} {\n${fields.map(fieldOf).join("")}}\n`;
  const members = type
    .split(" | ")
    .map((member) => `\n  | ${member}`)
    .join("");
  return `${doc}export type ${name} =${members};\n`;
};

const KINDS = {
  query: "TRPCQueryProcedure",
  mutation: "TRPCMutationProcedure",
  subscription: "TRPCSubscriptionProcedure",
} as const;

const procedureOf = ({ verb, kind, sentence, callers, input, output }: Procedure): string => {
  const got = kind === "subscription" ? `AsyncIterable<Tracked<${output}>, void, undefined>` : output;
  return `${comment([sentence, callers], "    ")}    ${verb}: ${KINDS[kind]}<{ input: ${input}; output: ${got}; meta: unknown }>;\n`;
};

/** Writes the module of the types. */
export const clientTypes = ({ nouns, shapes }: Api): string =>
  `// Written by packages/server/test/client-types.test.ts from the procedures and their schemas. Do not edit.
import type { ${Object.values(KINDS).toSorted().join(", ")} } from "@trpc/server";

/** A value that JSON can represent. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
/** A JSON object. */
export type JsonObject = { [key: string]: JsonValue };

/** An event of a subscription, with its id. */
export interface Tracked<Data> {
  /** The id of the event, to resume from. */
  id: string;
  /** The event. */
  data: Data;
}

${[...shapes.values()].map(declarationOf).join("\n")}
/** The procedures, by noun and verb. */
export type Procedures = {
${[...nouns].map(([noun, own]) => `  ${noun}: {\n${own.map(procedureOf).join("")}  };\n`).join("")}};
`;
