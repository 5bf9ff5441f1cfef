import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRoomInput, listRoomsInput, type Role, type Room } from "@invigil/schema";
import type { RunningServer } from "../app/main.js";
import { DEMO_ACCOUNT } from "../features/auth/service.js";
import { JOIN_PATH } from "../features/join/codes.js";
import { generatePassword } from "../identity/passwords.js";
import { signToken } from "../identity/tokens.js";
import { InvigilError } from "../platform/errors.js";
import { callerOf } from "./callers.js";
import { createShow, type Show } from "./exam/show.js";
import { demoGuide } from "./guide.js";
import { starterLibrary } from "./library.js";

const DAY_SECONDS = 24 * 60 * 60;
const ROOM_NAME = "演示考场 Demo room";
const TEACHER = callerOf({ userId: "teacher1", role: "teacher", name: "Teacher One" });
/** The caller who creates the account. */
const OPERATOR = callerOf({ userId: "admin", role: "admin" });

/**
 * Returns the demo room of an earlier start if it is in progress. Otherwise, creates a room whose exam plays
 * the library.
 */
const demoRoom = async ({ services }: RunningServer): Promise<Room> => {
  const { access } = services;
  let cursor: string | undefined;
  do {
    const page = await services.room.list(
      TEACHER,
      await access.open(TEACHER, "ownRooms"),
      listRoomsInput.parse({ status: "in_progress", pageSize: 100, cursor }),
    );
    const there = page.rooms.find(({ name }) => name === ROOM_NAME);
    if (there) return there;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  const room = await services.room.create(
    TEACHER,
    await access.open(TEACHER, "unbound"),
    createRoomInput.parse({ name: ROOM_NAME, imServer: ["aliyun_new"] }),
  );
  const [notice, ...others] = await starterLibrary(services.audio, TEACHER);
  const { examId } = room;
  const exam = await access.open(TEACHER, "wholeExam", { examId });
  const { startTime } = exam;
  if (notice) await services.audio.attach(TEACHER, exam, { examId, clipId: notice.id, startTime });
  for (const { id } of others) await services.audio.attach(TEACHER, exam, { examId, clipId: id });
  return room;
};

/** Lets the demo's account log in, with a password of its own for each start. */
const openAccount = async ({ services }: RunningServer) => {
  const account = { username: DEMO_ACCOUNT, password: generatePassword() };
  const { username: userId, password } = account;
  const operator = await services.access.open(OPERATOR, "unbound");
  try {
    await services.account.create(operator, { userId, password, role: "admin", name: "Demo" });
  } catch (error) {
    if (!(error instanceof InvigilError && error.code === "ACCOUNT_CONFLICT")) throw error;
    await services.account.setPassword(operator, { userId, password });
    await services.account.enable(operator, userId);
  }
  return account;
};

/** The file in the data folder that tells the examples where the demo is: `{ "url": "http://127.0.0.1:7001" }`. */
const ADDRESS_FILE = "demo.json";

export interface Demo {
  /** The text that explains how to use the demo. */
  readonly guide: string;
  /** Ends the exam, locks the account and closes the server. */
  readonly close: () => Promise<void>;
}

/** Plays the demo's exam, unless it is switched off, or would create groups at a vendor's message service each hour. */
const playExam = async ({ services, deps }: RunningServer): Promise<{ show: Show; isPlayed: boolean }> => {
  const { config, clock, log } = deps;
  const show = createShow({ services, clock, log, seed: clock().getTime() });
  const isPlayed = config.demoExam && !config.aliyunIm;
  // A process that was killed may have left its exam.
  if (isPlayed) await show.start();
  else await show.stop();
  return { show, isPlayed };
};

/**
 * Returns the code of the candidate's seat: it leads into the present round of the exam each time. Undefined if browsers cannot publish,
 * or everyone is an administrator.
 */
const candidateCode = (
  { services, deps: { config, providers, publicUrl, tokens } }: Pick<RunningServer, "services" | "deps">,
  show: Show,
): string | undefined => {
  if (!providers.media || config.auth === "off") return undefined;
  const code = services.codes.reserve(async (base = publicUrl()) => {
    const seat = await show.seatVisitor();
    if (!seat) return undefined;
    const { roomId, userId } = seat;
    const { token } = await tokens.issueForExam({ ...seat, role: "examinee" });
    const url = new URL(`${base}/sit`);
    // By the code, the page can go on to the next round.
    url.search = new URLSearchParams({ roomId, userId, token, code }).toString();
    return url;
  });
  return code;
};

/** Creates the demo data once, and opens the account for as long as the demo runs. */
export const startDemo = async (
  server: RunningServer,
  { hasScreen }: { /** Whether a person sees the guide on a terminal. */ readonly hasScreen: boolean },
): Promise<Demo> => {
  const { deps, services, url } = server;
  await starterLibrary(services.audio, TEACHER);
  const room = await demoRoom(server);
  const token = (userId: string, role: Role, roomId?: string) =>
    signToken(
      { userId, role, roomId, ttlSeconds: DAY_SECONDS },
      { secret: deps.authSecret, clock: deps.clock, jti: deps.ids.next() },
    );
  const opened = await services.access.open(TEACHER, "room", { roomId: room.id });
  const people = await services.participant.list(TEACHER, opened, "examinee");
  const examinee = people[0]?.userId;
  const account = await openAccount(server);
  const { show, isPlayed } = await playExam(server);
  const code = isPlayed ? candidateCode(server, show) : undefined;
  const addressFile = join(deps.config.dataDir, ADDRESS_FILE);
  mkdirSync(deps.config.dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(addressFile, `${JSON.stringify({ url })}\n`);
  return {
    guide: demoGuide({
      url,
      candidate: code === undefined ? undefined : `${JOIN_PATH}/${code}`,
      lan: deps.config.lan,
      hasScreen,
      hasConsole: deps.config.servesConsole,
      room,
      account,
      admin: await token("admin", "admin"),
      teacher: await token(TEACHER.userId, "teacher", room.id),
      examinee:
        examinee === undefined
          ? undefined
          : { userId: examinee, token: await token(examinee, "examinee", room.id) },
    }),
    async close() {
      try {
        rmSync(addressFile, { force: true });
        await show.stop();
        await services.account.disable(await services.access.open(OPERATOR, "unbound"), account.username);
      } finally {
        await server.close();
      }
    },
  };
};
