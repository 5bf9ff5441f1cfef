import { pipeline } from "node:stream/promises";
import { type ExamSummary, type JoinLink, MAX_LINKS_PER_CALL, type ParticipantRole } from "@invigil/schema";
import { type Command, Option } from "commander";
import { stringify } from "csv-stringify/sync";
import { SetupError } from "../setup-error.js";
import { jsonOption } from "./arguments.js";
import { cardsPage } from "./cards/page.js";
import { examNamed, roomNamed } from "./lookup.js";
import { inOffice, type Office } from "./office.js";
import { count } from "./output.js";
import { writeSecretFile } from "./secret-file.js";
import { localTime } from "./time.js";

interface Joining {
  readonly exam: ExamSummary;
  readonly links: readonly JoinLink[];
  readonly timeZone: string;
}

const csv = ({ links, timeZone }: Joining): string => {
  const local = localTime(timeZone);
  return stringify(
    links.map(({ role, roomName, userId, name, url, pcUrl, expiresAt }) => [
      role,
      roomName,
      userId,
      name,
      url,
      pcUrl,
      local(expiresAt, "yyyy-MM-dd'T'HH:mm:ssZZ"),
    ]),
    {
      header: true,
      columns: ["role", "room", "id", "name", "link", "pc link", "expires"],
      // Without the mark, spreadsheet programs in China read GB18030.
      bom: true,
      // A name may be made to look like a formula.
      escape_formulas: true,
      record_delimiter: "windows",
    },
  );
};

const lines = ({ links, timeZone }: Joining): string => {
  const local = localTime(timeZone);
  const oneOf = ({ role, userId, name, url, pcUrl, expiresAt }: JoinLink): string[] => [
    `  ${role} ${userId} ${name}, until ${local(expiresAt)}`,
    `    ${url}`,
    ...(pcUrl === undefined ? [] : [`    PC: ${pcUrl}`]),
  ];
  const text = links.flatMap((link, index) => [
    ...(link.roomId === links[index - 1]?.roomId ? [] : [link.roomName]),
    ...oneOf(link),
  ]);
  return `${text.join("\n")}\n`;
};

type Format = "csv" | "json" | "text" | "html";
/** Each as parts to be written one after another: a page of 4,000 cards is too much for one text. */
const WRITERS: Readonly<Record<Format, (joining: Joining) => Iterable<string>>> = {
  csv: (joining) => [csv(joining)],
  json: ({ links }) => [`${JSON.stringify(links)}\n`],
  text: (joining) => [lines(joining)],
  html: cardsPage,
};

const toStandardOutput = async (parts: Iterable<string>): Promise<void> => {
  await pipeline(parts, process.stdout, { end: false }).catch((error: unknown) => {
    // What the output fails with is said in one place, by `cli.ts`.
    if (!(error instanceof Error && "syscall" in error)) throw error;
  });
};

interface LinkOptions {
  exam?: string;
  role?: ParticipantRole;
  format: Format;
  output?: string;
  json?: true;
}

/** The links of everybody who is asked for, page by page. */
const allLinks = async (
  call: Office["call"],
  of: { roomId?: string; examId?: string; role: ParticipantRole | undefined },
): Promise<JoinLink[]> => {
  const links: JoinLink[] = [];
  for (let after: { roomId: string; userId: string } | undefined; ; ) {
    const page = await call.room.joinLinks({ ...of, limit: MAX_LINKS_PER_CALL, after });
    links.push(...page);
    const last = page.at(-1);
    if (!last || page.length < MAX_LINKS_PER_CALL) return links;
    after = { roomId: last.roomId, userId: last.userId };
  }
};

const joiningOf = async (
  { call, config: { timeZone } }: Office,
  asked: string | undefined,
  { exam: named, role }: LinkOptions,
): Promise<Joining> => {
  const inExam = named === undefined ? undefined : await examNamed(call, named);
  const room = asked === undefined ? undefined : await roomNamed(call, asked, inExam);
  const exam = inExam ?? (room && (await examNamed(call, room.examId)));
  if (!exam) throw new SetupError("Name a room, or an exam with --exam");
  const of = room ? { roomId: room.id } : { examId: exam.id };
  return { exam, links: await allLinks(call, { ...of, role }), timeZone };
};

export const addLinks = (room: Command): void => {
  room
    .command("links [room]")
    .description("make the links by which people join; who has a link is the person, so keep them secret")
    .option("--exam <exam>", "of all rooms of this exam; with a room, that room may be named by its name")
    .addOption(
      new Option("--role <role>", "of these people only").choices(["examinee", "teacher", "inspector"]),
    )
    .addOption(
      new Option("--format <format>", "html is a page to print: a card with a QR code for each examinee")
        .choices(["text", "csv", "json", "html"])
        .default("text"),
    )
    .option("--output <file>", "write them to this file, which only its owner can read")
    .addOption(jsonOption().conflicts("format"))
    .action((asked: string | undefined, options: LinkOptions) =>
      inOffice(async (office) => {
        const joining = await joiningOf(office, asked, options);
        const format = options.json ? "json" : options.format;
        const { length } = joining.links;
        // An empty list is an answer to programs; an empty file would pass for links.
        if (length === 0 && (options.output !== undefined || format !== "json"))
          throw new SetupError(`There is nobody to join the exam ${joining.exam.name}: nothing was written`);
        const parts = WRITERS[format](joining);
        if (options.output === undefined) return toStandardOutput(parts);
        await writeSecretFile(options.output, parts, office.deps.ids.nonce());
        const rooms = new Set(joining.links.map(({ roomId }) => roomId)).size;
        process.stdout.write(
          `Wrote ${count(length, "link")} of ${count(rooms, "room")} to ${options.output}. Whoever has a link is that person: keep the file secret.\n`,
        );
      }),
    );
};
