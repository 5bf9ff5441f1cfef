import type { Room } from "@invigil/schema";
import type { Command } from "commander";
import { jsonOption, parseUserId, quietListOption, quietOption } from "./arguments.js";
import { confirmByName, yesOption } from "./confirm.js";
import { addLinks } from "./links.js";
import { withLocalApp } from "./local-app.js";
import { allRooms, findExam, findRoom } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { OPERATOR } from "./operator.js";
import { count, print, printCreated, printList, table } from "./output.js";
import { addEvents } from "./room-events.js";
import type { CommandRun } from "./run.js";
import { type TimeFormatter, timeFormatter } from "./time.js";

interface ExamOption {
  exam?: string;
  json?: true;
  yes?: true;
}
const EXAM = ["--exam <exam>", "the exam of the room, which may then be specified by its name"] as const;

const findRoomIn = async ({ call }: LocalApp, room: string, { exam }: ExamOption): Promise<Room> =>
  findRoom(call, room, exam === undefined ? undefined : await findExam(call, exam));

const state = ({ status }: Room): string => (status === "ended" ? "ended" : "in progress");

const roomTable = (rooms: readonly Room[], local: TimeFormatter): string => {
  const cells = rooms.map((room) => [
    room.name,
    room.id,
    room.examId,
    state(room),
    room.createTeacher,
    local(room.createdAt),
  ]);
  return table(["NAME", "ID", "EXAM", "STATUS", "TEACHER", "CREATED"], cells);
};

const addList = (parent: Command, run: CommandRun): void => {
  parent
    .command("list")
    .description("list rooms, newest first")
    .option("--exam <exam>", "only rooms of this exam")
    .addOption(quietListOption())
    .addOption(jsonOption())
    .action(({ exam, ...output }: ExamOption & { quiet?: true }) =>
      withLocalApp(run, async ({ call, config }) => {
        const of = exam === undefined ? undefined : await findExam(call, exam);
        const rooms = await allRooms(call, of?.id);
        printList(run, output, rooms, {
          id: ({ id }) => id,
          forPeople: () =>
            [roomTable(rooms, timeFormatter(config.timeZone)), count(rooms.length, "room")].join("\n"),
        });
      }),
    );
};

const addShow = (parent: Command, run: CommandRun): void => {
  parent
    .command("show <room>")
    .description("show a room and the number of its people")
    .option(...EXAM)
    .addOption(jsonOption())
    .action((roomText: string, options: ExamOption) =>
      withLocalApp(run, async (app) => {
        const room = await findRoomIn(app, roomText, options);
        const [teachers = 0, inspectors = 0, examinees = 0] = await Promise.all(
          (["teacher", "inspector", "examinee"] as const).map(
            async (role) =>
              (await app.services.participant.members({ examId: room.examId, roomId: room.id }, role)).length,
          ),
        );
        print(run, options.json, { ...room, teachers, inspectors, examinees }, () =>
          [
            roomTable([room], timeFormatter(app.config.timeZone)),
            [count(teachers, "teacher"), count(inspectors, "inspector"), count(examinees, "examinee")].join(
              ", ",
            ),
          ].join("\n"),
        );
      }),
    );
};

const addEnd = (parent: Command, run: CommandRun): void => {
  parent
    .command("end <room>")
    .description("end a room; its people stay, but cannot join it until 'room reopen'; asks for its name")
    .option(...EXAM)
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((roomText: string, options: ExamOption) =>
      withLocalApp(run, async (app) => {
        const { id: roomId, name } = await findRoomIn(app, roomText, options);
        const does = `This ends the room ${name} for everybody in it.`;
        await confirmByName(run, options, { does, of: "room", name });
        await app.call.room.end({ roomId });
        const room = await app.call.room.get({ roomId });
        print(run, options.json, room, () => `The room ${room.name} has ended.`);
      }),
    );
};

const addRename = (parent: Command, run: CommandRun): void => {
  parent
    .command("rename <room>")
    .description("give a room another name")
    .requiredOption("--name <name>", "the new name of the room")
    .option(...EXAM)
    .addOption(jsonOption())
    .action((roomText: string, { name, ...options }: ExamOption & { name: string }) =>
      withLocalApp(run, async (app) => {
        const { id: roomId, examId, name: before } = await findRoomIn(app, roomText, options);
        const room = await app.call.room.rename({ examId, roomId, name });
        print(run, options.json, room, () => `The room ${before} is called ${room.name} now.`);
      }),
    );
};

const addSetTeacher = (parent: Command, run: CommandRun): void => {
  parent
    .command("set-teacher <room> <user>")
    .description("hand a room to a teacher of its exam, whom its examinees answer to from then on")
    .option(...EXAM)
    .addOption(jsonOption())
    .action((roomText: string, userId: string, options: ExamOption) =>
      withLocalApp(run, async (app) => {
        const { id: roomId, examId } = await findRoomIn(app, roomText, options);
        const room = await app.call.room.setTeacher({ examId, roomId, userId });
        print(run, options.json, room, () => `${userId} is the teacher of the room ${room.name}.`);
      }),
    );
};

const addDelete = (parent: Command, run: CommandRun): void => {
  parent
    .command("delete <room>")
    .description("delete a room that no person has entered; asks for its name")
    .option(...EXAM)
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((roomText: string, options: ExamOption) =>
      withLocalApp(run, async (app) => {
        const { id: roomId, examId, name } = await findRoomIn(app, roomText, options);
        await confirmByName(run, options, { does: `This deletes the room ${name}.`, of: "room", name });
        await app.call.room.delete({ examId, roomId });
        print(run, options.json, { roomId }, () => `The room ${name} is deleted.`);
      }),
    );
};

const addReopen = (parent: Command, run: CommandRun): void => {
  parent
    .command("reopen <room>")
    .description("reopen a room that has ended; links that have not expired work again")
    .option(...EXAM)
    .addOption(jsonOption())
    .action((roomText: string, options: ExamOption) =>
      withLocalApp(run, async (app) => {
        const { id: roomId } = await findRoomIn(app, roomText, options);
        const room = await app.call.room.reopen({ roomId });
        print(run, options.json, room, () => `The room ${room.name} is in progress.`);
      }),
    );
};

interface RevokeOptions extends ExamOption {
  user?: string[];
}

const addRevokeLinks = (parent: Command, run: CommandRun): void => {
  parent
    .command("revoke-links <room>")
    .description("revoke the links into a room; `room links` creates new ones; asks for the room's name")
    .option(...EXAM)
    .option("--user <id...>", "only the links of these people; by default of everybody in the room")
    .addOption(yesOption())
    .addOption(jsonOption())
    .action((roomText: string, { user: userIds, ...options }: RevokeOptions) =>
      withLocalApp(run, async (app) => {
        const { id: roomId, name } = await findRoomIn(app, roomText, options);
        const whose = userIds ? userIds.join(", ") : "everybody";
        const does = `This revokes the links of ${whose} into the room ${name} for good: printed cards no longer work.`;
        await confirmByName(run, options, { does, of: "room", name });
        const seats = await app.call.room.revokeLinks({ roomId, userIds });
        print(
          run,
          options.json,
          seats,
          () => `The links of ${count(seats.length, "person", "people")} into the room ${name} were revoked.`,
        );
      }),
    );
};

const addCreate = (parent: Command, run: CommandRun): void => {
  parent
    .command("create")
    .description("create a room and print its id")
    .requiredOption("--name <name>", "the name of the room")
    .option("--exam <exam>", "the exam of the room; by default a new exam that starts in 30 minutes")
    .requiredOption("--by <teacher>", "the user id of its teacher", parseUserId)
    .addOption(quietOption())
    .addOption(jsonOption())
    .action(({ name, exam, by, ...output }: ExamOption & { name: string; by: string; quiet?: true }) =>
      withLocalApp(run, async ({ call, as }) => {
        const of = exam === undefined ? undefined : await findExam(call, exam);
        // The creator of a room is its teacher.
        const maker = as({ ...OPERATOR, userId: by, name: by });
        const room = await maker.room.create({ name, imServer: ["aliyun_new"], examId: of?.id });
        printCreated(run, output, room, () => room.id);
      }),
    );
};

export const addRoom = (program: Command, run: CommandRun): void => {
  const room = program.command("room").description("manage rooms and the links by which people join them");
  addLinks(room, run);
  addList(room, run);
  addShow(room, run);
  addEvents(room, run);
  addRename(room, run);
  addSetTeacher(room, run);
  addDelete(room, run);
  addEnd(room, run);
  addReopen(room, run);
  addRevokeLinks(room, run);
  addCreate(room, run);
};
