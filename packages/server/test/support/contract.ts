import { TRPCError } from "@trpc/server";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { InvigilError } from "../../src/platform/errors.js";
import { createDocument, type OpenApiDocument } from "../../src/rest/document.js";
import type { JsonSchema } from "../../src/rest/json-schema.js";
import { createRoutes } from "../../src/rest/routes.js";
import { createWire } from "../../src/rest/wire.js";
import { errorsOf, usualErrorsOf } from "../../src/trpc/procedures.js";
import { procedures, router } from "./router.js";

// What tests get is compared with what documents say. A success of a documented path has exactly the fields that the OpenAPI document names,
// and a failure one of its reasons. A failure of a procedure has a reason that the procedure declares.

/** Returns a schema that refuses fields it does not name. */
const closed = (_key: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && "properties" in value && "required" in value
    ? { ...value, additionalProperties: false }
    : value;

const validatorsOf = (document: OpenApiDocument): ReadonlyMap<string, ValidateFunction> => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  // Safe: `closed` only adds a keyword.
  ajv.addSchema(JSON.parse(JSON.stringify(document), closed) as OpenApiDocument, "document");
  const pointer = (part: string) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
  return new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => {
        const bodies = Object.keys(responses).map((status): JsonSchema => {
          const parts = ["paths", path, method, "responses", status, "content", "application/json", "schema"];
          return { $ref: `document#/${parts.map(pointer).join("/")}` };
        });
        return [`${method.toUpperCase()} ${path}`, ajv.compile({ anyOf: bodies })] as const;
      }),
    ),
  );
};

// Before the first test, because it takes longer than most calls. What an answer has in it depends on no setting.
const rows = createRoutes(createWire({ timeZone: "UTC" }));
const validators = validatorsOf(createDocument({ rows, router, restStatus: "legacy" }));

/** What HTTP itself may refuse, whatever the procedure is. */
const OF_HTTP = new Set([
  "NOT_FOUND",
  "METHOD_NOT_ALLOWED",
  "REQUEST_TIMEOUT",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
]);

/** Expects that a procedure declares this error. */
export const expectDeclared = (path: string, reason: string): void => {
  const procedure = procedures.get(path);
  if (!procedure || OF_HTTP.has(reason)) return;
  const declared: readonly string[] = [...usualErrorsOf(procedure), ...errorsOf(procedure)];
  expect(declared, `the errors of ${path}`).toContain(reason);
};

/** Returns a caller in-process whose refused calls have errors that the procedures declare. */
export const declaring = <Of extends object>(caller: Of, path = ""): Of =>
  new Proxy(caller, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      const below = path === "" ? String(name) : `${path}.${String(name)}`;
      return typeof member === "function" ? declaring(member, below) : member;
    },
    async apply(target, self, args: unknown[]) {
      try {
        // Safe: only members that are functions are called.
        return await Reflect.apply(target as (...given: unknown[]) => unknown, self, args);
      } catch (error) {
        if (error instanceof TRPCError && error.cause instanceof InvigilError)
          expectDeclared(path, error.cause.code);
        throw error;
      }
    },
  });

/** Expects that the document describes this answer, if it has the path. */
export const expectDocumented = (
  { method, path }: { readonly method: string; readonly path: string },
  body: unknown,
): void => {
  const [name = ""] = path.split("?", 1);
  if (!name.startsWith("/exam/") && name !== "/login") return;
  const validate = validators.get(`${method} ${name}`);
  if (!validate || validate(body)) return;
  expect.fail(
    `The OpenAPI document does not describe this answer of ${method} ${name}: ${JSON.stringify(body)}`,
  );
};
