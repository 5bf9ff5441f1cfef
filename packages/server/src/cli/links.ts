import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  type Card,
  type CardPage,
  type ExamSummary,
  MAX_CARDS_PER_CALL,
  type ParticipantRole,
  type Room,
} from "@invigil/schema";
import { type Command, Option } from "commander";
import { stringify } from "csv-stringify/sync";
import { examineeUrlOf } from "../features/join/rules.js";
import { InvigilError } from "../platform/errors.js";
import { SetupError } from "../platform/setup-error.js";
import { jsonOption } from "./arguments.js";
import { CARDS_TAIL, cardsHead, roomSheets } from "./cards/page.js";
import { LANGUAGES, type Language } from "./cards/texts.js";
import { groupByPerson, staffOfSeveralRooms } from "./links-by-person.js";
import { withLocalApp } from "./local-app.js";
import { findExam, findRoom } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { count, jsonText, shown } from "./output.js";
import type { CommandRun } from "./run.js";
import { type Parts, writeSecretFile } from "./secret-file.js";
import { timeFormatter } from "./time.js";

interface LinkContext {
  readonly exam: ExamSummary;
  readonly timeZone: string;
  readonly language: Language;
  readonly sitWith: "apps" | "cameras";
}

/** How to write the links of several rooms. */
interface Writer {
  readonly head?: (context: LinkContext) => string;
  /** `isFirst` is true for the first room that has links. */
  readonly room: (links: readonly Card[], context: LinkContext, isFirst: boolean) => Iterable<string>;
  readonly tail?: string;
}

const csvOf = (links: readonly Card[], { timeZone }: LinkContext, isFirst: boolean): string => {
  const local = timeFormatter(timeZone);
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
      header: isFirst,
      columns: ["role", "room", "id", "name", "link", "pc link", "expires"],
      // Without a byte order mark, spreadsheet programs in China decode the file as GB18030.
      bom: isFirst,
      // A name could otherwise be interpreted as a formula.
      escape_formulas: true,
      record_delimiter: "windows",
    },
  );
};

const textOf = (links: readonly Card[], { timeZone, sitWith }: LinkContext): string => {
  const local = timeFormatter(timeZone);
  const oneOf = ({ role, userId, name, url, pcUrl, expiresAt }: Card): string[] => [
    `  ${role} ${userId} ${name}, until ${local(expiresAt)}`,
    `    ${url}`,
    ...(pcUrl === undefined ? [] : [`    ${sitWith === "apps" ? "PC" : "Second camera"}: ${pcUrl}`]),
  ];
  return [links[0]?.roomName ?? "", ...links.flatMap(oneOf), ""].map(shown).join("\n");
};

type Format = "csv" | "json" | "text" | "html";
const WRITERS: Readonly<Record<Format, Writer>> = {
  csv: { room: (links, context, isFirst) => [csvOf(links, context, isFirst)] },
  json: {
    head: () => "[",
    room: (links, _, isFirst) => [`${isFirst ? "" : ","}${jsonText(links).slice(1, -1)}`],
    tail: "]\n",
  },
  text: { room: (links, context) => [textOf(links, context)] },
  html: { head: cardsHead, room: roomSheets, tail: CARDS_TAIL },
};

/** Writes the links of rooms, with one room in memory at a time. */
async function* writeRooms(
  { head, room, tail = "" }: Writer,
  rooms: AsyncIterable<readonly Card[]> | Iterable<readonly Card[]>,
  context: LinkContext,
): AsyncGenerator<string> {
  if (head) yield head(context);
  let isFirst = true;
  for await (const links of rooms) {
    yield* room(links, context, isFirst);
    isFirst = false;
  }
  if (tail !== "") yield tail;
}

const writeToStdout = async ({ io }: CommandRun, parts: Parts): Promise<void> => {
  await pipeline(parts, io.stdout, { end: false }).catch((error: unknown) => {
    // `program.ts` reports errors of the standard output.
    if (!(error instanceof Error && "syscall" in error)) throw error;
  });
};

interface LinkOptions {
  exam?: string;
  user?: string[];
  role?: ParticipantRole;
  format: Format;
  language: Language;
  output?: string;
  folder?: string;
  json?: true;
}

interface CardRequest {
  readonly exam: ExamSummary;
  readonly room: Room | undefined;
  readonly role: ParticipantRole | undefined;
  /** The people whose cards are requested. Undefined: all people. */
  readonly userIds: string[] | undefined;
  /** Undefined: for paper, with QR codes, and with codes to type if there are any. */
  readonly as: "links" | undefined;
}

/**
 * The cards of each room that has any.
 * @throws EXAM_OVER if all links would have expired
 */
async function* cardsPerRoom(
  { call }: Pick<LocalApp, "call">,
  { exam, room, role, userIds, as }: CardRequest,
): AsyncGenerator<readonly Card[]> {
  const left = new Set(userIds);
  let ofRoom: Card[] = [];
  const request = { examId: exam.id, roomId: room?.id, role, userIds, as, withQr: as === undefined };
  let after: CardPage["next"];
  do {
    const page: CardPage = await call.exam.cards({ ...request, limit: MAX_CARDS_PER_CALL, after });
    for (const card of page.cards) {
      left.delete(card.userId);
      if (ofRoom[0] && ofRoom[0].roomId !== card.roomId) {
        yield ofRoom;
        ofRoom = [];
      }
      ofRoom.push(card);
    }
    after = page.next;
  } while (after);
  if (ofRoom.length > 0) yield ofRoom;
  if (left.size > 0)
    throw new SetupError(
      `There is no link for ${[...left].join(", ")}: the person is not in the room or exam, or it is over for them`,
    );
}

/**
 * Links require the addresses of apps, so this is checked first.
 * @throws SetupError
 */
const assertApps = ({ config }: LocalApp, role: ParticipantRole | undefined): void => {
  const [watchUrl, sitUrl] = [config.apps.watchUrl, examineeUrlOf(config)];
  if (role === "examinee" ? sitUrl : (watchUrl ?? (role === undefined && sitUrl))) return;
  const [watch, sit] = ["INVIGIL_WATCH_APP_URL", "INVIGIL_EXAMINEE_APP_URL"];
  const needed = { teacher: watch, inspector: watch, examinee: sit };
  throw new SetupError(
    `Links require ${role ? needed[role] : `${watch} and ${sit}`}: set them to the URLs of the web apps`,
  );
};

/** A file name for a room, or for the rooms of a person, that is valid on every operating system. */
const fileName = ({ roomId, roomName }: Card, format: Format): string =>
  `${roomName.replace(/[^\p{L}\p{N}_-]/gu, "_").slice(0, 60)}-${roomId}.${format === "text" ? "txt" : format}`;

export const addLinks = (room: Command, run: CommandRun): void => {
  room
    .command("links [room]")
    .description(
      "create the links by which people join; anyone with a link can act as that person, so keep it secret",
    )
    .option("--exam <exam>", "all rooms of this exam; with [room], the room may be specified by its name")
    .addOption(
      new Option("--role <role>", "only people with this role").choices(["examinee", "teacher", "inspector"]),
    )
    .option("--user <id...>", "only the links of these people; an examinee gets a card, staff a sheet")
    .addOption(
      new Option(
        "--format <format>",
        "html: a printable page with a card for each examinee, with codes to scan and to type",
      )
        .choices(["text", "csv", "json", "html"])
        .default("text"),
    )
    .addOption(
      new Option("--language <language>", "the language of the printable page: English or Chinese")
        .choices(LANGUAGES)
        .default("en"),
    )
    .addOption(
      new Option("--output <file>", "write the links to this file, readable only by its owner").conflicts(
        "folder",
      ),
    )
    .option("--folder <folder>", "write one file per room into this folder, recommended for large exams")
    .addOption(jsonOption().conflicts("format"))
    .action((roomText: string | undefined, options: LinkOptions) =>
      withLocalApp(run, async (app) => {
        const { call, config } = app;
        assertApps(app, options.role);
        const inExam = options.exam === undefined ? undefined : await findExam(call, options.exam);
        const room = roomText === undefined ? undefined : await findRoom(call, roomText, inExam);
        const exam = inExam ?? (room && (await findExam(call, room.examId)));
        if (!exam) throw new InvigilError("INVALID_INPUT", "Specify a room, or an exam with --exam");
        const context = {
          exam,
          timeZone: config.timeZone,
          language: options.language,
          sitWith: config.streamService === "aliyun" ? "apps" : "cameras",
        } as const;
        const format = options.json ? "json" : options.format;
        const { missingSetting } = app.services.codes;
        const writer = WRITERS[format];
        const { output, folder } = options;

        const hasCodes = format === "html" && missingSetting === undefined;
        const all = cardsPerRoom(app, {
          exam,
          room,
          role: options.role,
          userIds: options.user,
          as: format === "html" ? undefined : "links",
        });
        // Links on paper are for one person each. A file with one line for each link is for a program.
        const isPaper = format === "html" && room === undefined && options.role !== "examinee";
        const rooms = isPaper ? groupByPerson(all, await staffOfSeveralRooms(app, exam.id)) : all;
        const first = await rooms.next();
        // An empty list is a valid JSON result, but an empty file would look like links.
        if (first.done && (output !== undefined || folder !== undefined || format !== "json"))
          throw new SetupError(`The exam ${exam.name} has no people who could join: nothing was written`);
        const made = { links: 0, rooms: new Set<string>() };
        const counted = async function* () {
          for (let next = first; !next.done; next = await rooms.next()) {
            made.links += next.value.length;
            for (const { roomId } of next.value) made.rooms.add(roomId);
            yield next.value;
          }
        };
        if (format === "html" && missingSetting !== undefined)
          run.io.stderr.write(
            `invigil: the cards have no codes to type, because ${missingSetting} is not set.\n`,
          );
        if (folder !== undefined) {
          await mkdir(folder, { recursive: true, mode: 0o700 });
          for await (const links of counted()) {
            const [one] = links;
            if (!one) continue;
            const file = join(folder, fileName(one, format));
            await writeSecretFile(file, writeRooms(writer, [links], context), app.deps.ids.nonce());
          }
        } else if (output === undefined) {
          await writeToStdout(run, writeRooms(writer, counted(), context));
          return;
        } else await writeSecretFile(output, writeRooms(writer, counted(), context), app.deps.ids.nonce());
        const what = hasCodes
          ? `the codes of ${count(made.links, "person", "people")} in`
          : `${count(made.links, "link")} of`;
        run.io.stdout.write(
          `Wrote ${what} ${count(made.rooms.size, "room")} to ${folder ?? output}. Anyone who has a ${hasCodes ? "code" : "link"} can act as that person: keep the file${folder === undefined ? "" : "s"} secret.\n`,
        );
      }),
    );
};
