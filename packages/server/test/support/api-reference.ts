import {
  audiences,
  type ErrorCode,
  type EventType,
  errorCodes,
  events,
  type Role,
  sendersOf,
  signalExamples,
  signals,
} from "@invigil/schema";
import { RATE_NAMES } from "../../src/limits/rates.js";
import type { Row } from "../../src/rest/routes.js";
import { auditedOf, chargesOf, errorsOf, usualErrorsOf } from "../../src/trpc/procedures.js";
import {
  type Api,
  original,
  type Procedure,
  type Schema,
  type Shape,
  type ShapeField,
  ShapeReader,
  sentenceIn,
} from "./api-shapes.js";

// Writes the API reference: Markdown for GitHub, with a page for each noun.

/** A call as a test made it, and what it got: of a subscription, the first event. */
export interface ApiExample {
  readonly by: string;
  readonly input: unknown;
  readonly answer: unknown;
}
export interface ReferenceSource {
  readonly api: Api;
  readonly rows: readonly Row[];
  /** By the path of the procedure. */
  readonly examples: ReadonlyMap<string, ApiExample | "refused">;
}

/** What the audit keeps of a procedure. */
const AUDITED = { change: "change", access: "access", none: "" } as const;
const WRITTEN = "<!-- Written by packages/server/test/api-reference.test.ts. Do not edit. -->";
const EVENTS_PAGE = "events";

/** The anchor that GitHub gives a heading the first time. */
const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  // A column that says nothing is left out.
  const used = head.map((_, at) => rows.some((row) => row[at] !== ""));
  const line = (cells: readonly string[]) => `| ${cells.filter((_, at) => used[at]).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
};
/** Text in a cell of a table. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const codes = (errors: readonly ErrorCode[]): string => errors.map((code) => `\`${code}\``).join(", ");
const blocks = (...parts: readonly (string | false | undefined)[]): string =>
  parts.filter((part) => typeof part === "string" && part !== "").join("\n\n");

/** The widest value that is written on one line. */
const WIDTH = 90;
/** How many elements of a list are shown. */
const SHOWN = 2;

/** A value in TypeScript. */
const literal = (value: unknown, indent = ""): string => {
  if (value instanceof Date) return `new Date("${value.toISOString()}")`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.slice(0, SHOWN).map((element) => literal(element, deeper))
    : Object.entries(value)
        .filter(([, part]) => part !== undefined)
        .map(
          ([name, part]) => `${/^\w+$/.test(name) ? name : JSON.stringify(name)}: ${literal(part, deeper)}`,
        );
  const [open, close] = isList ? ["[", "]"] : ["{ ", " }"];
  const left = isList ? value.length - parts.length : 0;
  if (parts.length === 0) return isList ? "[]" : "{}";
  const short = `${open}${parts.join(", ")}${close}`;
  if (left === 0 && indent.length + short.length <= WIDTH && !short.includes("\n")) return short;
  const more = left > 0 ? [`${deeper}// … and ${left} more\n`] : [];
  const lines = parts.map((part) => `${deeper}${part},\n`);
  return `${open.trim()}\n${[...lines, ...more].join("")}${indent}${close.trim()}`;
};

const block = (code: string): string => `\`\`\`ts\n${code}\n\`\`\``;

const METHODS = { query: "query", mutation: "mutate", subscription: "subscribe" } as const;
const KINDS = { query: "Query", mutation: "Mutation", subscription: "Subscription" } as const;

const SENDERS: Readonly<Record<Role, string>> = {
  admin: "administrators",
  teacher: "teachers",
  inspector: "inspectors",
  examinee: "examinees",
};
/** When the examples of events happened. */
const NOW = new Date("2026-01-02T03:04:05Z");
const ABOUT = { room: "a room", exam: "an exam" } as const;
/** The states that clients keep. */
const STATES = { ...ABOUT, people: "all people" } as const;
/** What an event is about, who receives it, and what it changes in the client's state. */
const sentencesOf = (type: EventType): string[] => {
  const { about, seenBy, changes } = events[type];
  const changed = (["room", "exam", "people"] as const).flatMap((of) => {
    const parts = changes[of].map((part) => `\`${part}\``).join(" and ");
    return parts === "" ? [] : [`${parts} of ${STATES[of]}`];
  });
  return [ABOUT[about], audiences[seenBy], changed.join(", ") || "nothing"];
};
/** The same for what is delivered and is no event of the log. */
const UNDECLARED: Readonly<Record<string, readonly string[]>> = {
  gap: ["", "everybody", "everything"],
  detections_counted: [ABOUT.exam, "staff who subscribe to its people", `\`people\` of ${STATES.people}`],
};

/** The names of shapes in a type. */
const namesIn = (type: string, shapes: Api["shapes"]): string[] =>
  (type.replaceAll(/"[^"]*"/g, "").match(/\w+/g) ?? []).filter((name) => shapes.has(name));

const typesIn = ({ fields, type = "" }: Shape): string[] => fields?.map((field) => field.type) ?? [type];

/** Where each shape is described. */
const placesOf = ({ nouns, shapes }: Api) => {
  const procedures = [...nouns.values()].flat();
  const uses = new Map<string, number>();
  for (const type of [...procedures.map(({ output }) => output), ...[...shapes.values()].flatMap(typesIn)])
    for (const name of namesIn(type, shapes)) uses.set(name, (uses.get(name) ?? 0) + 1);

  const pages = new Map<string, string>();
  const put = (type: string, page: string): void => {
    for (const name of namesIn(type, shapes)) if (!pages.has(name)) pages.set(name, page);
  };
  const putInside = (name: string, page: string): void => {
    for (const type of typesIn(shapes.get(name) ?? { name, sentence: "" })) put(type, page);
  };
  // Events stand together, whichever page needs them first.
  for (const { kind, output } of procedures)
    if (kind === "subscription") {
      put(output, EVENTS_PAGE);
      putInside(output, EVENTS_PAGE);
    }
  // What a procedure takes or returns stands on its page, and what is inside of that on the first page that needs it.
  for (const { input, output, noun } of procedures) {
    put(input, noun);
    put(output, noun);
  }
  // What is put meanwhile follows.
  for (const page of [...nouns.keys(), EVENTS_PAGE])
    for (const [name, where] of pages) if (where === page) putInside(name, page);
  return { uses, pages };
};

class ReferenceWriter {
  readonly #source: ReferenceSource;
  readonly #uses: ReadonlyMap<string, number>;
  readonly #pages: ReadonlyMap<string, string>;
  /** The anchors of the shapes that have a heading. */
  readonly #anchors = new Map<string, string>();

  constructor(source: ReferenceSource) {
    this.#source = source;
    const { uses, pages } = placesOf(source.api);
    this.#uses = uses;
    this.#pages = pages;
    for (const [noun, procedures] of source.api.nouns)
      this.#number([noun, ...procedures.map(({ path }) => path), "Shapes"], noun);
    this.#number(["Events", "Shapes"], EVENTS_PAGE);
  }

  /** Numbers the anchors of a page's shapes, as GitHub does where a heading above is the same. */
  #number(above: readonly string[], page: string): void {
    const seen = new Set(above.map(slugOf));
    for (const { name } of this.#shapesOf(page)) {
      const slug = slugOf(name);
      this.#anchors.set(name, seen.has(slug) ? `${slug}-1` : slug);
    }
  }

  /** Whether a shape is described where its only procedure is. */
  #isInPlace(name: string): boolean {
    const procedures = [...this.#source.api.nouns.values()].flat();
    const uses = this.#uses.get(name) ?? 0;
    return uses === 0 || (uses === 1 && procedures.some(({ output }) => output.replace("[]", "") === name));
  }

  #shapesOf(page: string): Shape[] {
    const shapes = [...this.#source.api.shapes.values()];
    return shapes.filter(
      ({ name }) => this.#pages.get(name) === page && (page === EVENTS_PAGE || !this.#isInPlace(name)),
    );
  }

  /** A type with links to its shapes. */
  #type(type: string, page: string): string {
    const parts = type.split(/("[^"]*"|\w+)/).filter((part) => part !== "");
    let written = "";
    let code = "";
    const flush = (): void => {
      // A space inside of the quotes would be part of the code.
      const [, before = "", inside = "", after = ""] = /^( *)(.*?)( *)$/.exec(code) ?? [];
      written += before + (inside === "" ? "" : `\`${inside}\``) + after;
      code = "";
    };
    for (const part of parts) {
      const anchor = this.#anchors.get(part);
      if (anchor === undefined) code += part;
      else {
        flush();
        const home = this.#pages.get(part);
        written += `[\`${part}\`](${home === page ? "" : `${home}.md`}#${anchor})`;
      }
    }
    flush();
    return written;
  }

  fields(fields: readonly ShapeField[], page: string): string {
    const isAnyOptional = fields.some(({ absent }) => absent !== undefined);
    return table(
      ["field", "type", "bounds", "default", "meaning"],
      fields.map(({ name, type, absent, bounds = "", byDefault, sentence }) => [
        `\`${name}${isAnyOptional && absent !== undefined ? "?" : ""}\``,
        cell(this.#type(type, page)),
        bounds,
        byDefault === undefined ? "" : `\`${cell(JSON.stringify(byDefault))}\``,
        cell(sentence),
      ]),
    );
  }

  #body({ fields, type = "" }: Shape, page: string): string {
    if (fields) return fields.length === 0 ? "It has no fields." : this.fields(fields, page);
    const members = type.split(" | ").map((member) => this.#type(member, page));
    return `One of ${members.join(", ")}.`;
  }

  /** What a procedure takes or returns: in place, or as a link. */
  #side(title: string, type: string, page: string, isInPlace: boolean): string {
    const name = type.replace("[]", "");
    const shape = this.#source.api.shapes.get(name);
    if (type === "void") return `**${title}:** none.`;
    if (!shape || !isInPlace) return `**${title}:** ${this.#type(type, page)}`;
    return blocks(`**${title}** \`${type}\`:`, this.#body(shape, page));
  }

  #rest(path: string): string | undefined {
    const rows = this.#source.rows.filter(({ procedure }) => procedure === path);
    const names = rows.flatMap(({ path: url, methods }) => methods.map((method) => `\`${method} ${url}\``));
    return names.length === 0 ? undefined : names.join(", ");
  }

  #example({ path, kind }: Procedure): string | false {
    const example = this.#source.examples.get(path);
    if (example === "refused") return false;
    if (!example) throw new Error(`${path} has no example`);
    const input = example.input === undefined ? "" : literal(example.input);
    const isSubscription = kind === "subscription";
    const handler = isSubscription ? ", { onData: ({ id, data: event }) => { … } }" : "";
    return blocks(
      `**Example**, called by ${example.by}:`,
      block(`${isSubscription ? "" : "await "}invigil.${path}.${METHODS[kind]}(${input}${handler});`),
      ...(typeof example.answer === "object"
        ? [isSubscription ? "The first event:" : "The answer:", block(literal(example.answer))]
        : [`The answer: \`${literal(example.answer)}\``]),
    );
  }

  #procedure(procedure: Procedure): string {
    const { path, noun, kind, sentence, callers, input, output, itself } = procedure;
    const errors = errorsOf(itself);
    const rest = this.#rest(path);
    const charges = chargesOf(itself).map((rate) =>
      rate === "calls" ? "calls about a room or an exam" : RATE_NAMES[rate].replace("MiB", "bytes"),
    );
    const isOwnOutput = kind !== "subscription" && this.#isInPlace(output.replace("[]", ""));
    return blocks(
      `## ${path}`,
      sentence,
      [
        `- **${KINDS[kind]}.** ${callers}`,
        ...(rest === undefined ? [] : [`- **REST:** ${rest} ([rest-api.md](../rest-api.md))`]),
        ...(charges.length === 0
          ? []
          : [`- **Limits:** ${charges.join(", ")} ([how many](../deploy.md#limits)).`]),
        `- **Errors:** ${errors.length === 0 ? "only" : `${codes(errors)}, and`} [those of every procedure](README.md#errors).`,
      ].join("\n"),
      this.#side("Input", input, noun, true),
      this.#side(kind === "subscription" ? "Events" : "Output", output, noun, isOwnOutput),
      this.#example(procedure),
    );
  }

  #shape(shape: Shape, page: string): string {
    return blocks(`### ${shape.name}`, shape.sentence, this.#body(shape, page));
  }

  noun(noun: string, procedures: readonly Procedure[]): string {
    const own = this.#shapesOf(noun);
    return blocks(
      `# ${noun}`,
      WRITTEN,
      "[How to call procedures, and how to read this page](README.md)",
      table(
        ["procedure", "what it does"],
        procedures.map(({ path, sentence }) => [`[\`${path}\`](#${slugOf(path)})`, sentence]),
      ),
      ...procedures.map((procedure) => this.#procedure(procedure)),
      own.length > 0 && "## Shapes",
      ...own.map((shape) => this.#shape(shape, noun)),
    );
  }

  /** The example of an event, which is one of the log or a gap. */
  #eventExample(type: string): string {
    if (!(type in events))
      return "[`room.onEvent`](room.md#roomonevent), [`exam.onEvent`](exam.md#examonevent) and [`exam.onPeople`](exam.md#examonpeople) have examples.";
    // Safe: it is one of the keys.
    const { about, example } = events[type as EventType];
    const event = { type, id: "8", roomId: about === "exam" ? "" : "r1", time: NOW, ...example };
    return blocks("**Example:**", block(literal(event)));
  }

  events(): string {
    const shapes = this.#shapesOf(EVENTS_PAGE);
    const typeOf = ({ fields = [] }: Shape): string | undefined =>
      fields.find(({ name }) => name === "type")?.type.replaceAll('"', "");
    const rows = shapes.flatMap((shape) => {
      const type = typeOf(shape);
      if (type === undefined) return [];
      // Safe: the others are declared.
      const declared = UNDECLARED[type] ?? sentencesOf(type as EventType);
      return [[`[\`${type}\`](#${slugOf(shape.name)})`, ...declared, cell(shape.sentence)]];
    });
    return blocks(
      "# Events",
      WRITTEN,
      "What subscriptions deliver: [`room.onEvent`](room.md#roomonevent) the events of a room, and [`exam.onEvent`](exam.md#examonevent) those of all rooms of an exam. [`exam.onPeople`](exam.md#examonpeople) delivers those that change something about all people. Each has an id, from which a subscription resumes. Its `type` says which other fields it has. Later versions may add types: a client ignores those that it does not know. [live.md](../live.md#events) says more.",
      "An event about an exam is delivered once to subscribers of the exam, with an empty `roomId`. Subscribers of a room receive it with that room's `roomId`, unless the room had ended before. Staff are teachers, inspectors and administrators. What changes is the state that the client keeps, of a room (`live.room(…).state`), of an exam (`live.exam(…).state`), or of all people of an exam (`live.people(…)`).",
      table(["type", "about", "sent to", "changes", "meaning"], rows),
      "## Shapes",
      ...shapes.map((shape) => {
        const type = typeOf(shape);
        return blocks(this.#shape(shape, EVENTS_PAGE), type !== undefined && this.#eventExample(type));
      }),
    );
  }

  signals(): string {
    const reader = new ShapeReader();
    const payloads = new Map<Schema, { names: string[]; example: object }>();
    for (const [name, { data, kind }] of Object.entries(signals)) {
      const { names = [] } = payloads.get(original(data)) ?? {};
      payloads.set(original(data), { names: [...names, name], example: signalExamples[kind] });
    }
    return blocks(
      "# Signals",
      WRITTEN,
      'Signals are messages of a room. The apps know them by number. A `command` asks for an action, an `answer` reports the outcome, a `report` is sent without a command, and `news` comes from the server. `room.send("startCall", …)` of the client and [`im.send`](im.md#imsend) send them. Numbers above 30000 are free for messages of your own, which all people in the room may send ([live.md](../live.md#messages)).',
      table(
        ["signal", "number", "kind", "sent by", "meaning"],
        Object.entries(signals).map(([name, { type, kind, sender, data }]) => [
          `\`${name}\``,
          String(type),
          kind,
          [
            ...sendersOf(type).map((role) => SENDERS[role]),
            ...(sender === "client" ? [] : ["the server"]),
          ].join(", "),
          cell(sentenceIn(data)),
        ]),
      ),
      "## Data",
      "Payloads may have further fields, which are kept. Each example is one of all signals above it.",
      ...[...payloads].map(([schema, { names, example }]) =>
        blocks(
          `${names.map((name) => `\`${name}\``).join(", ")}:`,
          // Safe: the data of each signal is an object.
          this.fields(
            reader.fields("Signal", (schema as unknown as { shape: Record<string, Schema> }).shape, "output"),
            "signals",
          ),
          "**Example:**",
          block(literal(example)),
        ),
      ),
    );
  }

  readme(): string {
    const { nouns } = this.#source.api;
    const procedures = [...nouns.values()].flat();
    const usual = new Set(procedures.flatMap(({ itself }) => usualErrorsOf(itself)));
    const errors = Object.entries(errorCodes);
    return blocks(
      "# API reference",
      WRITTEN,
      "Every procedure of the server, with what it takes, what it returns, its errors, who may call it, and an example that a test has run. It is written from the procedures and their schemas, and a test fails when it is out of date.",
      [
        ...[...nouns.keys()].map((noun) => `- [${noun}](${noun}.md)`),
        "- [Events](events.md), which subscriptions deliver",
        "- [Signals](signals.md), the messages that the apps know by number",
      ].join("\n"),
      "## How to call",
      "With the [typed client](../../packages/client/README.md):",
      block(
        'import { createInvigilClient } from "@invigil/client";\n\nconst invigil = createInvigilClient({ url: "https://exam.school.example", token });\nconst room = await invigil.room.get.query({ roomId });',
      ),
      "Queries read, mutations change, and subscriptions deliver events. The answer comes when a change is on disk. Without the client, these are calls of tRPC at `/trpc`, with superjson ([live.md](../live.md#with-trpcs-own-links)). The vendor's apps call some procedures over the [documented REST paths](../rest-api.md), which have formats of their own. [auth.md](../auth.md) says how to get a token.",
      "## How to read the tables",
      [
        "- Limits are what a call counts towards. Each is an amount per minute, of the caller, the room or the exam.",
        '- A field with `?` may be absent. In inputs, `null` means absent, too, and so does `""` for an optional text.',
        "- Bounds and defaults are those of inputs. Texts are counted in UTF-16 code units.",
        "- Other fields of an input are ignored. Later versions may add fields to answers, and types of events.",
        "- Examples show the first elements of long lists. Secrets are shortened, and new ids are numbered.",
      ].join("\n"),
      "## Who may call what",
      "A role alone opens nothing: see [auth.md](../auth.md#who-may-do-what). [permissions.md](permissions.md) shows the outcome of each call for each caller. The last column says what the [audit](../security.md#the-audit) keeps: an entry for each change, or for each access by staff. The audit also keeps refused calls of such procedures.",
      table(
        ["procedure", "REST", "who", "audit"],
        procedures.map(({ path, noun, callers, itself }) => [
          `[\`${path}\`](${noun}.md#${slugOf(path)})`,
          this.#rest(path) ?? "",
          cell(callers),
          AUDITED[auditedOf(itself)],
        ]),
      ),
      "## Errors",
      `The client throws an \`InvigilError\` with one of these reasons ([the client's errors](../../packages/client/README.md#errors)). Every procedure can have ${codes([...usual])}. \`PROVIDER_FAILED\` means then that your identity service is out of reach. What arrives over HTTP may also be answered with \`NOT_FOUND\`, \`METHOD_NOT_ALLOWED\`, \`REQUEST_TIMEOUT\`, \`PAYLOAD_TOO_LARGE\` or \`UNSUPPORTED_MEDIA_TYPE\`.`,
      table(
        ["reason", "HTTP status", "code of tRPC", "meaning"],
        errors.map(([code, { status, trpc, meaning }]) => [
          `\`${code}\``,
          String(status),
          `\`${trpc}\``,
          meaning,
        ]),
      ),
    );
  }
}

/** The pages by file name. */
export const referencePages = (source: ReferenceSource): ReadonlyMap<string, string> => {
  const writer = new ReferenceWriter(source);
  return new Map(
    [
      ["README", writer.readme()] as const,
      ...[...source.api.nouns].map(([noun, procedures]) => [noun, writer.noun(noun, procedures)] as const),
      [EVENTS_PAGE, writer.events()] as const,
      ["signals", writer.signals()] as const,
    ].map(([name, text]) => [`${name}.md`, `${text}\n`]),
  );
};
