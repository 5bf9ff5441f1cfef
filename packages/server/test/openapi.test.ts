import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import type { OpenApiDocument, Operation } from "../src/rest/document.js";
import type { JsonSchema } from "../src/rest/json-schema.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { sharedApps } from "./support/shared.js";

const nextApp = sharedApps();
const served = async (path: string) => (await nextApp()).inject({ method: "GET", url: path });
const document = async (): Promise<OpenApiDocument> => JSON.parse((await served("/openapi.json")).payload);

const operationsOf = ({ paths }: OpenApiDocument): [name: string, operation: Operation][] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

/** The fields of a schema and of what is inside of it, with the sentence of each. */
const fieldsIn = (
  schema: JsonSchema | undefined,
  at: string,
): [at: string, sentence: string | undefined][] => {
  if (!schema) return [];
  const alternatives = [schema.anyOf, schema.oneOf, schema.allOf].flat() as (JsonSchema | undefined)[];
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, string | undefined][] => [
      [`${at}.${name}`, field.description],
      ...fieldsIn(field, `${at}.${name}`),
    ]),
    ...[schema.items, schema.contentSchema, ...alternatives].flatMap((inside) => fieldsIn(inside, at)),
  ];
};

describe("/openapi.json", () => {
  it("has no problem that Redocly knows", async () => {
    for (const restStatus of ["legacy", "http"] as const) {
      await using app = await createTestApp({ config: { restStatus } });
      const { payload } = await app.inject({ method: "GET", url: "/openapi.json" });
      const config = await createConfig({
        extends: ["recommended-strict"],
        rules: {
          "no-invalid-media-type-examples": { severity: "error", allowAdditionalProperties: false },
        },
      });
      const problems = await lintFromString({ source: payload, absoluteRef: "openapi.json", config });
      expect(
        problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer]),
      ).toEqual([]);
    }
  });

  it("says of every path who may call it and what it does, and has an example", async () => {
    for (const [name, operation] of operationsOf(await document())) {
      expect(operation.summary, name).toMatch(/^[A-Z].+\.$/);
      expect(operation.description, name).toMatch(/^For .+\./);
      const { schema, example } = operation.responses["200"]?.content["application/json"] ?? {};
      expect({ name, schema, example }).toEqual({
        name,
        schema: expect.anything(),
        example: expect.anything(),
      });
    }
  });

  it("has a sentence for every field that it names", async () => {
    const all = await document();
    const fields = [
      ...Object.entries(all.components.schemas).flatMap(([name, schema]) => fieldsIn(schema, name)),
      ...operationsOf(all).flatMap(([name, { parameters = [], requestBody, responses }]) => [
        ...parameters.map((one): [string, string] => [`${name} ${one.name}`, one.description]),
        ...Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => fieldsIn(schema, name)),
        ...Object.values(responses).flatMap(({ content }) =>
          fieldsIn(content["application/json"].schema, name).filter(
            // The data is described by its own shape, and the reasons by the description of the response.
            ([at]) => !/\.(data|reason)$/.test(at),
          ),
        ),
      ]),
    ];
    expect(fields.length).toBeGreaterThan(150);
    expect(fields.filter(([, sentence = ""]) => !/^[`"A-Z0-9].*\.$/s.test(sentence))).toEqual([]);
  });

  it("says which errors have which HTTP status", async () => {
    const statuses = async (restStatus: "legacy" | "http") => {
      await using app = await createTestApp({ config: { restStatus } });
      const { paths }: OpenApiDocument = JSON.parse(
        (await app.inject({ method: "GET", url: "/openapi.json" })).payload,
      );
      return Object.keys(paths["/exam/roomInfo"]?.get?.responses ?? {});
    };
    expect(await statuses("legacy")).toEqual(["200", "401", "429", "500", "503"]);
    expect(await statuses("http")).toEqual(["200", "400", "401", "403", "404", "429", "500", "502", "503"]);
  });

  it("is the same until the server changes, and need not be loaded again", async () => {
    const app = await nextApp();
    const first = await app.inject({ method: "GET", url: "/openapi.json" });
    const headers = { "if-none-match": String(first.headers.etag) };
    const again = await app.inject({ method: "GET", url: "/openapi.json", headers });
    expect([first.headers["access-control-allow-origin"], again.statusCode, again.payload]).toEqual([
      "*",
      304,
      "",
    ]);
  });

  it("makes types with which a client compiles, and that client calls a live server", async () => {
    const client = resolve(import.meta.dirname, "consumer/rest-client.mts");
    const folder = mkdtempSync(join(tmpdir(), "invigil-openapi-"));
    try {
      const { payload } = await served("/openapi.json");
      writeFileSync(join(folder, "paths.d.ts"), astToString(await openapiTS(payload)));
      const program = ts.createProgram([client], {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
        types: [],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        skipLibCheck: true,
        paths: { "invigil-paths": [join(folder, "paths.d.ts")] },
      });
      const errors = ts
        .getPreEmitDiagnostics(program)
        .map(({ messageText, file, start }) => [
          file && start !== undefined && file.getLineAndCharacterOfPosition(start).line + 1,
          ts.flattenDiagnosticMessageText(messageText, "\n"),
        ]);
      expect(errors).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
    // Not imported above: this program is compiled with the types that are made here.
    const { callEverything } = (await import(pathToFileURL(client).href)) as {
      readonly callEverything: (url: string, token: string, roomId: string) => Promise<unknown>;
    };
    await using fixture = await openExamsFixture();
    const token = await fixture.token({ sub: "teacher1", role: "teacher" });
    expect(await callEverything(await fixture.listen(), token, fixture.room.id)).toEqual({
      name: "Room A",
      people: ["examinee1", "examinee2"],
      created: "From OpenAPI",
      refused: "FORBIDDEN",
      status: 401,
    });
  });
});

describe("the page at /openapi", () => {
  it("shows every path, field and example of the document", async () => {
    const { payload: page } = await served("/openapi");
    const all = await document();
    for (const [name, { operationId, summary, responses }] of operationsOf(all)) {
      expect(page, name).toContain(`id="${operationId}"`);
      expect(page.replaceAll(/<\/?code>/g, "`"), name).toContain(summary);
      const { example } = responses["200"]?.content["application/json"] ?? {};
      const text = JSON.stringify(example, undefined, 2);
      expect(page.replaceAll("&quot;", '"').replaceAll("&amp;", "&"), name).toContain(text);
    }
    for (const [name, schema] of Object.entries(all.components.schemas))
      for (const field of Object.keys(schema.properties ?? {}))
        expect(page.split(`id="shape-${name}"`)[1], name).toContain(`<code>${field}</code>`);
  });

  it("loads nothing and runs nothing, and its links lead somewhere", async () => {
    const { payload: page, headers } = await served("/openapi");
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none';style-src 'sha256-[^ ;]+';img-src data:;/,
    );
    expect(page).not.toMatch(/<(script|form|iframe|object|img)\b| on\w+=| style=|@import|url\(/i);
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, href = ""]) => href);
    expect(links.filter((href) => href.startsWith("#") && !ids.has(href.slice(1)))).toEqual([]);
    // Relative: a proxy may serve Invigil below a path.
    expect(links.filter((href) => !href.startsWith("#"))).toEqual(["data:,", ".", "openapi.json"]);
  });
});
