import type { ParticipantRole, Room } from "@invigil/schema";
import type { Command } from "commander";
import { jsonOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { allExams, allRooms, fetchAllPages, findExam } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";

interface FindOptions {
  exam?: string;
  json?: true;
}

/** A person of an exam, in a room or without one. */
interface Found {
  readonly userId: string;
  readonly name: string;
  readonly role: ParticipantRole;
  readonly extraMinutes: number;
  readonly exam: { readonly id: string; readonly name: string };
  readonly room?: Room;
}

const ROLES = ["teacher", "inspector", "examinee"] as const;
/** The most people of whom the details are read and shown. */
const MAX_SHOWN = 100;

/** Makes texts comparable: full-width forms, and upper and lower case. */
const folded = (text: string): string => text.normalize("NFKC").toLowerCase();

/** Yields all people of an exam, room by room, and then those without a room. */
async function* peopleOf({ call, services }: LocalApp, exam: Found["exam"]): AsyncGenerator<Found> {
  for (const room of (await allRooms(call, exam.id)).toReversed())
    for (const role of ROLES)
      for (const person of await services.participant.members({ examId: exam.id, roomId: room.id }, role))
        yield { ...person, exam, room };
  const unseated = await fetchAllPages(async (cursor: number | undefined) => {
    const { people: items, nextCursor } = await call.participant.listUnseated({
      examId: exam.id,
      pageSize: 100,
      cursor,
    });
    return { items, nextCursor };
  });
  for (const person of unseated) yield { ...person, exam };
}

/** Finds people by a part of their id or name. If the text is a person's id, only people with this id. */
const findPeople = async (app: LocalApp, exams: readonly Found["exam"][], text: string): Promise<Found[]> => {
  const part = folded(text);
  const [exact, partial]: [Found[], Found[]] = [[], []];
  for (const { id, name } of exams)
    for await (const person of peopleOf(app, { id, name })) {
      if (person.userId === text) exact.push(person);
      else if (folded(person.userId).includes(part) || folded(person.name).includes(part))
        partial.push(person);
    }
  return exact.length > 0 ? exact : partial;
};

/** Adds the state of a person: who is connected, what is published, and how often their links were revoked. */
const detailsOf = async ({ call, services }: LocalApp, { room, exam, ...person }: Found) => {
  const found = { ...person, examId: exam.id, examName: exam.name };
  if (!room) return { ...found, state: "without a room" };
  const { userId } = person;
  const { id: roomId, name: roomName } = room;
  const pages = (await call.room.presence({ roomId })).filter((page) => page.userId === userId);
  const { publishStatus } = await call.participant.get({ roomId, userId });
  return {
    ...found,
    roomId,
    roomName,
    state: room.status === "ended" ? "room ended" : "room in progress",
    connected: pages.map(({ camera }) => camera),
    publishStatus,
    linksRevoked: await services.links.generation(roomId, userId),
  };
};
type Details = Awaited<ReturnType<typeof detailsOf>>;

const rowOf = (one: Details): string[] => {
  const about = [one.userId, one.name, one.role, one.examName];
  if (!("roomId" in one)) return [...about, "", one.state, "", ""];
  const { connected, publishStatus, linksRevoked } = one;
  const streams = (["main", "pc"] as const).filter((camera) => publishStatus[camera] === "publishing");
  const presence = connected.length > 0 ? `connected: ${connected.join(", ")}` : "not connected";
  const cameras = streams.length > 0 ? `publishing: ${streams.join(", ")}` : "";
  const links = linksRevoked > 0 ? `revoked ${count(linksRevoked, "time")}` : "";
  return [
    ...about,
    `${one.roomName} (${one.roomId})`,
    [one.state, presence, cameras].filter(Boolean).join("; "),
    links,
    one.extraMinutes > 0 ? String(one.extraMinutes) : "",
  ];
};

const textOf = (people: readonly Details[], more: number): string =>
  [
    table(["ID", "NAME", "ROLE", "EXAM", "ROOM", "STATE", "LINKS", "EXTRA MINUTES"], people.map(rowOf)),
    ...(more > 0
      ? [`${count(more, "more person", "more people")}: specify more of the id or name, or --exam.`]
      : []),
    "'invigil room links ROOM --user ID' creates new links of a person.",
  ].join("\n");

/** Adds `find` to the command `roster`. */
export const addRosterFind = (roster: Command, run: CommandRun): void => {
  roster
    .command("find")
    .description("find people by their id or name, or a part of it: exam, room, state and links")
    .argument("<text>", "an id or a name, or a part of it")
    .option("--exam <exam>", "only in this exam, specified by its id or name; by default in all exams")
    .addOption(jsonOption())
    .action((text: string, { exam, json }: FindOptions) =>
      withLocalApp(run, async (app) => {
        const exams = exam === undefined ? await allExams(app.call) : [await findExam(app.call, exam)];
        const found = await findPeople(app, exams, text);
        const people: Details[] = [];
        for (const person of found.slice(0, MAX_SHOWN)) people.push(await detailsOf(app, person));
        const more = found.length - people.length;
        print(run, json, { people, more }, () =>
          people.length === 0 ? `No id or name contains '${text}'.` : textOf(people, more),
        );
      }),
    );
};
