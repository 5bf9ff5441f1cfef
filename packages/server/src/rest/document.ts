import { readFileSync } from "node:fs";
import { type ErrorCode, errorCodes, type Role } from "@invigil/schema";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import { z } from "zod";
import type { RestStatus } from "../http/envelope.js";
import { PACKAGE_ROOT } from "../platform/package-root.js";
import { findProcedure } from "../trpc/call.js";
import {
  accessOf,
  errorsOf,
  fieldsOf,
  isOfOwnRooms,
  rolesOf,
  sentenceOf,
  usualErrorsOf,
} from "../trpc/procedures.js";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.js";
import type { Field, Row } from "./routes.js";

// The OpenAPI document of the documented paths, made from what serves them: the route table, the codecs, and the inputs and roles of the
// procedures.

/** A request and its answer, as a test made them (`test/openapi-examples.test.ts`). */
export interface Example {
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: unknown;
}
type Examples = Readonly<Record<string, Example | undefined>>;

const readExamples = (): Examples =>
  // Safe: the test writes the file.
  JSON.parse(readFileSync(new URL("assets/rest-examples.json", PACKAGE_ROOT), "utf8")) as Examples;

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example?: string | number;
}
interface Content {
  readonly schema: JsonSchema;
  readonly example?: unknown;
}
export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, JsonSchema>>;
  readonly content: { readonly "application/json": Content };
}
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, readonly []>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, Content>>;
  };
  readonly responses: Readonly<Record<string, Response>>;
}
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Readonly<Record<string, unknown>> & { readonly title: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly Tag[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

const DESCRIPTION = `The paths that the vendor's web apps and SDKs call. New frontends use the typed client \`@invigil/client\`, which calls the same procedures.

- **Token.** The header \`authorization\` carries a token, either bare, as the vendor's apps send it, or as \`Bearer <token>\`.
- **Forms.** A POST takes JSON or \`application/x-www-form-urlencoded\`. Its fields may also be in the query, except for logins. The body takes precedence.
- **Fields.** Other fields are ignored, such as \`ts\`, which the web apps add to each GET. Numbers may be sent as text, and ids as numbers. In an optional field, \`null\` and \`""\` mean absent.
- **Answers.** Each answer is an envelope with \`success\`. If it is \`false\`, \`reason\` names the error, and \`errorMsg\` says in one sentence what is wrong.
- **Times** are in whole seconds and in the time zone of the server. An exam's own times have a form of their own, because the apps pass them to \`new Date(…)\`.
- **Clients** ignore fields that this document does not name: later versions may add some.`;

const HTTP_STATUS: Readonly<Record<RestStatus, string>> = {
  legacy:
    "\n- **HTTP status.** The vendor's apps read errors only from an answer with status 200. So business errors have that status, and `errorCode` is their own. The setting `INVIGIL_REST_STATUS=http` changes this.",
  http: "\n- **HTTP status.** Every error has its own status, by the setting `INVIGIL_REST_STATUS=http`.",
};

interface Tag {
  readonly name: string;
  readonly description: string;
}
const LOGGING_IN = {
  name: "Logging in",
  description: "For people with an account. Examinees use the token of their link.",
};
const ROOMS = { name: "Rooms", description: "Groups of people in one exam who are watched together." };
const EXAMS = {
  name: "Exams, people and audio",
  description: "Who sits an exam, whom to watch, and what the exam plays.",
};
const MESSAGES = {
  name: "Messages and uploads",
  description: "Credentials for the services to which the apps connect themselves.",
};
const DETECTION = {
  name: "Cheat detection",
  description: "The settings of the detectors on the devices, and what they saw.",
};
const STREAMS = { name: "Stream events", description: "What the stream service reports." };

/** The part of the document to which a path belongs, by the noun of its procedure. */
const TAGS: Readonly<Record<string, Tag>> = {
  auth: LOGGING_IN,
  room: ROOMS,
  exam: EXAMS,
  participant: EXAMS,
  audio: EXAMS,
  im: MESSAGES,
  upload: MESSAGES,
  cheat: DETECTION,
  stream: STREAMS,
};

const tagOf = ({ procedure }: Row): string => {
  const tag = TAGS[procedure.split(".")[0] ?? ""];
  if (!tag) throw new Error(`${procedure} belongs to no part of the document`);
  return tag.name;
};

const CALLERS: Readonly<Record<Role, string>> = {
  admin: "administrators",
  teacher: "teachers",
  inspector: "inspectors",
  examinee: "examinees",
};
const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/** The parts of a procedure that tRPC stores. */
interface Definition {
  readonly inputs: readonly z.ZodType[];
}
const definitionOf = ({ _def }: AnyTRPCProcedure): Definition =>
  // Safe: tRPC keeps the schemas there, and they are zod's.
  _def as unknown as Definition;

/** Who may call a procedure, in one or two sentences. */
export const callersOf = (procedure: AnyTRPCProcedure): string => {
  const roles = rolesOf(procedure);
  if (!roles)
    return fieldsOf(procedure).signature
      ? "For the stream service, which signs its calls."
      : "For everybody: it takes no token.";
  const usual = isOfOwnRooms(procedure) ? "All but administrators: in their own rooms and exams." : undefined;
  const parts = [`For ${list(roles.map((role) => CALLERS[role]))}.`, accessOf(procedure) ?? usual];
  return parts.filter((part) => part !== undefined).join(" ");
};

/** The errors of a path: those of its procedure, and those of a body. */
const errorCodesOf = ({ errors }: Row, method: string, procedure: AnyTRPCProcedure): readonly ErrorCode[] => [
  ...new Set<ErrorCode>([
    ...usualErrorsOf(procedure),
    ...(errors ?? errorsOf(procedure)),
    ...(method === "POST"
      ? (["REQUEST_TIMEOUT", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const)
      : []),
  ]),
];

const HEADER = {
  requestId: {
    description: "The id of the request, which the server's log has.",
    schema: { type: "string" },
  },
  retryAfter: {
    description: "After how many seconds the client may try again.",
    schema: { type: "integer" },
  },
};

const failureOf = (codes: readonly ErrorCode[]): JsonSchema => ({
  allOf: [
    { $ref: "#/components/schemas/Failure" },
    { type: "object", properties: { reason: { type: "string", enum: codes } } },
  ],
});

const FAILURE: JsonSchema = {
  type: "object",
  description: "The envelope of an error.",
  required: ["success", "code", "errorCode", "errorMsg", "reason", "requestId"],
  properties: {
    success: { type: "boolean", const: false, description: "Whether the call succeeded." },
    code: { type: "integer", description: "The status of the error. The HTTP status may differ." },
    errorCode: { type: "string", description: "The same as text." },
    errorMsg: { type: "string", description: "One sentence that says what is wrong." },
    reason: { type: "string", description: "The stable name of the error." },
    requestId: { type: "string", description: "The id of the request, which the server's log has." },
    details: {
      type: "object",
      description: "The error of a vendor's service. For administrators only.",
      additionalProperties: { type: "string" },
    },
  },
};

const successOf = (data: JsonSchema | undefined): JsonSchema => ({
  type: "object",
  required: ["success", "code", "errorCode", "errorMsg", ...(data ? ["data"] : [])],
  properties: {
    success: { type: "boolean", const: true, description: "Whether the call succeeded." },
    code: { type: "integer", const: 200, description: "200." },
    errorCode: { type: "string", const: "", description: "Empty." },
    errorMsg: { type: "string", const: "", description: "Empty." },
    ...(data && { data }),
  },
});

/** The responses of a call, by HTTP status. */
const responsesOf = (
  codes: readonly ErrorCode[],
  data: JsonSchema | undefined,
  example: unknown,
  mode: RestStatus,
) => {
  const byStatus = new Map<number, ErrorCode[]>([[200, []]]);
  for (const code of codes) {
    const { status, business } = errorCodes[code];
    const http = mode === "legacy" && business ? 200 : status;
    byStatus.set(http, [...(byStatus.get(http) ?? []), code]);
  }
  const responses: Record<string, Response> = {};
  for (const [status, errors] of [...byStatus].sort(([one], [other]) => one - other)) {
    const meanings = errors.map((code) => `\`${code}\`: ${errorCodes[code].meaning}.`);
    const description =
      status === 200 ? ["Done. Or, with `success: false`, one of these errors.", ...meanings] : meanings;
    responses[status] = {
      description: (errors.length === 0 ? ["Done."] : description).join("\n\n"),
      headers: {
        "x-request-id": HEADER.requestId,
        ...(status === 429 && { "retry-after": HEADER.retryAfter }),
      },
      content: {
        "application/json":
          status === 200
            ? {
                schema:
                  errors.length === 0 ? successOf(data) : { oneOf: [successOf(data), failureOf(errors)] },
                ...(example !== undefined && { example }),
              }
            : { schema: failureOf(errors) },
      },
    };
  }
  return responses;
};

/** A field of a request, and what the server takes for it. */
interface Input {
  readonly name: string;
  readonly required: boolean;
  readonly schema: JsonSchema;
  /** Other values that the server accepts, as JSON: other types, and values that mean absent. */
  readonly forms: readonly JsonSchema[];
}

const inputOf = (name: string, { read, required, content }: Field, shape: z.ZodType): Input => {
  const schema = read ?? shape;
  const json = jsonSchemaOf(schema);
  // Whether the document may state that a value is accepted is found by trying it.
  const takes = (value: unknown): boolean => schema.safeParse(value).success;
  const isAbsent = (value: unknown): boolean => !required && !read && shape.safeParse(value).success;
  const absent = json.anyOf ? [] : [null, ""].filter((value) => isAbsent(value));
  const least = Math.max(Number(json.minimum ?? 0), 1);
  // The procedure's sentence describes what happens without the field, but this path requires it.
  const description = required ? json.description?.split(" Absent: ")[0] : json.description;
  return {
    name,
    required: required === true || !shape.safeParse(undefined).success,
    schema: {
      ...json,
      ...(description !== undefined && { description }),
      ...(content && { contentMediaType: "application/json", contentSchema: jsonSchemaOf(content) }),
    },
    forms: [
      ...(json.type === "integer" && takes(String(least))
        ? [{ type: "string", pattern: "^\\s*\\d{1,16}\\s*$" }]
        : []),
      ...(json.type === "string" && takes(7) ? [{ type: "integer" }] : []),
      ...(absent.length > 0 ? [{ enum: absent }] : []),
    ],
  };
};

const withForms = ({ schema: { description, default: byDefault, ...main }, forms }: Input): JsonSchema => ({
  description: description ?? "",
  ...(byDefault !== undefined && { default: byDefault }),
  ...(forms.length > 0 ? { anyOf: [main, ...forms] } : main),
});

const bodySchema = (inputs: readonly Input[], schemaOf: (input: Input) => JsonSchema): JsonSchema => {
  const required = inputs.flatMap((input) => (input.required ? [input.name] : []));
  return {
    type: "object",
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(inputs.map((input) => [input.name, schemaOf(input)])),
  };
};

const parameterOf = (
  { name, required, schema: { description = "", ...schema } }: Input,
  place: Parameter["in"],
  example: Parameter["example"],
): Parameter => ({
  name,
  in: place,
  required,
  description,
  schema,
  ...(example !== undefined && { example }),
});

const operationId = (path: string, method: string, { methods }: Row): string => {
  const [, ...parts] = path.split("/");
  const name = parts.filter((part) => part !== "exam" || path === "/exam/login").join("_");
  return method === methods[0] ? name : `${name}_${method.toLowerCase()}`;
};

/** The fields and headers of a row, from the procedure's input. */
const inputsOf = (row: Row, input: z.ZodType | undefined) => {
  // Safe: the inputs of all procedures with a path are objects, and their fields are zod's own schemas.
  const { shape } = input as unknown as { readonly shape: Readonly<Record<string, z.ZodType | undefined>> };
  const shapeOf = (name: string): z.ZodType => {
    const found = shape[name];
    if (!found) throw new Error(`${row.procedure} has no input ${name}`);
    return found;
  };
  return {
    fields: Object.entries<Field>(row.fields).map(([name, field]) =>
      inputOf(name, field, shapeOf(field.as ?? name)),
    ),
    headers: Object.entries<string>(row.headers ?? {}).map(([name, header]) =>
      inputOf(header, {}, shapeOf(name)),
    ),
  };
};

const requestOf = (
  { headers, fields }: ReturnType<typeof inputsOf>,
  method: string,
  { queryToo }: Row,
  example: Example | undefined,
): Pick<Operation, "parameters" | "requestBody"> => {
  const headerParameters = headers.map((input) =>
    parameterOf(input, "header", example?.headers?.[input.name]),
  );
  const queryParameters = fields.map((input) => parameterOf(input, "query", example?.query?.[input.name]));
  if (method === "GET") return { parameters: [...headerParameters, ...queryParameters] };
  // A form sends a list with one element as a text, which the server does not take for a list.
  const inForm = fields.filter(({ schema }) => schema.type !== "array");
  const takesForm = fields.every((input) => !input.required || inForm.includes(input));
  const body = example?.body;
  return {
    ...(queryToo && { parameters: queryParameters.map((parameter) => ({ ...parameter, required: false })) }),
    requestBody: {
      required: !queryToo,
      content: {
        "application/json": {
          schema: bodySchema(fields, withForms),
          ...(body !== undefined && { example: body }),
        },
        ...(takesForm && {
          "application/x-www-form-urlencoded": { schema: bodySchema(inForm, ({ schema }) => schema) },
        }),
      },
    },
  };
};

/** The schemas of the answers: those with a name as components, and others in place. */
const answersOf = (rows: readonly Row[]) => {
  const codecs = Object.fromEntries(rows.flatMap(({ path, data }) => (data ? [[path, data.codec]] : [])));
  const { properties = {}, $defs = {} } = jsonSchemaOf(z.object(codecs));
  // Safe: renaming references leaves the rest as it is.
  return JSON.parse(
    JSON.stringify({ properties, schemas: $defs }).replaceAll('"#/$defs/', '"#/components/schemas/'),
  ) as {
    readonly properties: Readonly<Record<string, JsonSchema>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
};

export interface DocumentOptions {
  readonly rows: readonly Row[];
  readonly router: AnyTRPCRouter;
  readonly restStatus: RestStatus;
  /** Default: those that the test wrote. */
  readonly examples?: Examples;
}

/** Makes the OpenAPI document of the documented paths. */
export const createDocument = ({
  rows,
  router,
  restStatus,
  examples = readExamples(),
}: DocumentOptions): OpenApiDocument => {
  const answers = answersOf(rows);
  const operationOf = (row: Row, method: string): Operation => {
    const procedure = findProcedure(router, row.procedure);
    if (!procedure) throw new Error(`there is no procedure ${row.procedure}`);
    const { inputs } = definitionOf(procedure);
    const roles = rolesOf(procedure);
    const example = examples[`${method} ${row.path}`];
    return {
      operationId: operationId(row.path, method, row),
      tags: [tagOf(row)],
      summary: row.summary ?? sentenceOf(procedure) ?? "",
      description: [callersOf(procedure), row.notes].filter(Boolean).join("\n\n"),
      security: roles ? [{ token: [] }, { bearer: [] }] : [{}],
      ...requestOf(inputsOf(row, inputs.at(-1)), method, row, example),
      responses: responsesOf(
        errorCodesOf(row, method, procedure),
        row.data && answers.properties[row.path],
        example?.answer,
        restStatus,
      ),
    };
  };
  return {
    openapi: "3.1.1",
    info: {
      title: "Invigil: the documented REST paths",
      version: "1",
      summary: "The backend of remote exams: rooms, people, streams, messages and cheat records.",
      description: DESCRIPTION + HTTP_STATUS[restStatus],
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    // Relative to the document: a proxy may serve Invigil below a path.
    servers: [{ url: "." }],
    tags: [...new Set(Object.values(TAGS))],
    paths: Object.fromEntries(
      rows.map((row) => [
        row.path,
        Object.fromEntries(row.methods.map((method) => [method.toLowerCase(), operationOf(row, method)])),
      ]),
    ),
    components: {
      schemas: { ...answers.schemas, Failure: FAILURE },
      securitySchemes: {
        token: {
          type: "apiKey",
          in: "header",
          name: "authorization",
          description: "The bare token, as the vendor's apps send it.",
        },
        bearer: { type: "http", scheme: "bearer", description: "The token as `Bearer <token>`." },
      },
    },
  };
};
