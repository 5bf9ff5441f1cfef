import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { createDocument, type OpenApiDocument } from "../../src/rest/document.js";
import type { JsonSchema } from "../../src/rest/json-schema.js";
import { createRoutes } from "../../src/rest/routes.js";
import { createWire } from "../../src/rest/wire.js";
import { createTestRouter } from "./router.js";

// Every answer of a documented path that a test gets is compared with the OpenAPI document: a success has exactly the fields of its path,
// and a failure one of its reasons.

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
const { router, ...made } = await createTestRouter();
const rows = createRoutes(createWire({ timeZone: "UTC" }));
const validators = validatorsOf(createDocument({ rows, router, restStatus: "legacy" }));
await made[Symbol.asyncDispose]();

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
