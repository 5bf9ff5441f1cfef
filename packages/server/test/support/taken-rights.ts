import { decodeJwt } from "jose";
import type { TestApp, TestCaller } from "../../src/app/testing.js";
import { type Answer, type Parsed, rest, type TrpcAnswer, trpc } from "./calls.js";
import { imLogin, rawDropIn } from "./drop-in.js";

/** A server of an installation. */
export type Member = Pick<TestApp, "as" | "token" | "inject">;

// The ways to take a right away. Each one takes effect at all servers before it is acknowledged.

export const ROOT: TestCaller = { sub: "root", role: "admin" };
export const TEACHER: TestCaller = { sub: "teacher1", role: "teacher" };
const PASSWORD = "a long password";
const ANOTHER_PASSWORD = "another long password";

/** A right that somebody has and loses. */
export interface Right extends AsyncDisposable {
  /** Uses the right at a server. Returns "ok", or the reason or code of the refusal. */
  readonly use: (at: Member) => Promise<string>;
  /** Takes the right away, at a server. */
  takeAway(at: Member): Promise<unknown>;
}

/** A way to lose a right. `grant` gives the right that is used in one round. */
export interface Way {
  readonly name: string;
  /** What `use` returns afterwards. */
  readonly refusal: string;
  /** @param urls where the servers listen, in their order */
  readonly grant: (servers: readonly Member[], round: number, urls: readonly string[]) => Promise<Right>;
}

const outcomeOf = ({ error }: TrpcAnswer): string => error?.data.reason ?? "ok";
const outcomeOfRest = ({ body }: Answer): string => (body.success ? "ok" : body.reason);

const right = (
  use: Right["use"],
  takeAway: Right["takeAway"],
  end: () => Promise<void> = async () => undefined,
): Right => ({ use, takeAway, [Symbol.asyncDispose]: end });

const firstOf = ([first]: readonly Member[]): Member => {
  if (!first) throw new Error("there is no server");
  return first;
};
const examinee = (userId: string) => ({ userId, name: userId, role: "examinee" as const });
export const createRoom = (at: Member, ...userIds: readonly string[]) =>
  at.as(TEACHER).room.create({ name: "Room", participants: userIds.map(examinee) });

/** Creates the account of a teacher of a room, and logs them in. */
const logIn = async (servers: readonly Member[], round: number) => {
  const at = firstOf(servers);
  const userId = `clerk${round}-${Date.now()}`;
  const admin = at.as(ROOT);
  await admin.account.create({ userId, role: "teacher", name: "Clerk", password: PASSWORD });
  const { token } = await admin.auth.login({ username: userId, password: PASSWORD });
  return { userId, token };
};
/** A right that a login gives. */
const ofLogin =
  (takeAway: (at: Member, login: { readonly userId: string; readonly token: string }) => Promise<unknown>) =>
  async (servers: readonly Member[], round: number): Promise<Right> => {
    const login = await logIn(servers, round);
    const use = async (at: Member) => outcomeOf(await trpc(at, login.token).query("auth.whoami"));
    return right(use, (at) => takeAway(at, login));
  };
/** The right of an examinee of a room to see it. */
const ofSeat =
  (takeAway: (at: Member, seat: { readonly roomId: string; readonly userId: string }) => Promise<unknown>) =>
  async (servers: readonly Member[], round: number): Promise<Right> => {
    const at = firstOf(servers);
    const seat = { roomId: (await createRoom(at, "e1", "e2")).id, userId: round % 2 === 0 ? "e1" : "e2" };
    const token = await at.token({ sub: seat.userId, role: "examinee" });
    const use = async (other: Member) =>
      outcomeOfRest(await rest(other, token).get("roomInfo", { roomId: seat.roomId }));
    return right(use, (other) => takeAway(other, seat));
  };
/** The right of an examinee to send messages in their room. */
const ofSender =
  (takeAway: (at: Member, seat: { readonly roomId: string; readonly userId: string }) => Promise<unknown>) =>
  async (servers: readonly Member[]): Promise<Right> => {
    const at = firstOf(servers);
    const seat = { roomId: (await createRoom(at, "e1")).id, userId: "e1" };
    const token = await at.token({ sub: seat.userId, role: "examinee" });
    const message = { roomId: seat.roomId, type: 30_001, data: 1 };
    const use = async (other: Member) => outcomeOf(await trpc(other, token).mutate("im.send", message));
    return right(use, (other) => takeAway(other, seat));
  };

const mutate = async (at: Member, token: string, path: string, input?: object): Promise<void> => {
  const { error } = await trpc(at, token).mutate(path, input);
  if (error) throw new Error(`${path}: ${error.message}`);
};

/** What a page that is disconnected for good reads instead of a response. */
const DISCONNECTED = /^closed with 1000/;
/** The code of an ended login. */
const AUTH_FAIL = "403";

/** The outcome of a request of a page: "ok", or the code of the refusal. */
const outcomeOfAsk = async (asked: Promise<Parsed>): Promise<string> => {
  try {
    const answer = await asked;
    return answer.code === undefined ? "ok" : String(answer.code);
  } catch (error) {
    // The server may have noticed the end of the login before the request.
    if (error instanceof Error && DISCONNECTED.test(error.message)) return AUTH_FAIL;
    throw error;
  }
};

/** A page with the drop-in script in a room. Its person is in the room. */
export const openPage = async (
  url: string,
  { token, userId, roomId }: { token: string; userId: string; roomId: string },
) => {
  const made = await imLogin(url, token, {
    roomId,
    userId,
    ...(userId === TEACHER.sub && { role: "admin" }),
  });
  const page = await rawDropIn(url);
  const { appId, appToken, auth } = made;
  for (const request of [
    { do: "login", login: { appId, appToken, auth } },
    { do: "join", groupId: roomId },
  ]) {
    const answer = await page.ask(request);
    if (answer.code !== undefined) throw new Error(JSON.stringify(answer));
  }
  return page;
};
type DropInPage = Awaited<ReturnType<typeof openPage>>;

/** The right of an examinee's page, at each server but the first, to send messages. `takeAway` happens at the first one. */
const ofPages =
  (
    takeAway: (
      at: Member,
      to: { readonly teacher: DropInPage; readonly roomId: string; readonly tokens: readonly string[] },
    ) => Promise<unknown>,
  ) =>
  async (servers: readonly Member[], _round: number, urls: readonly string[]): Promise<Right> => {
    const first = firstOf(servers);
    const people = servers.map((_, index) => `e${index}`);
    const { id: roomId } = await createRoom(first, ...people);
    const teacher = await openPage(urls[0] ?? "", {
      token: await first.token(TEACHER),
      userId: "teacher1",
      roomId,
    });
    const tokens = await Promise.all(people.map((sub) => first.token({ sub, role: "examinee" })));
    const pages = await Promise.all(
      urls.map((url, index) =>
        openPage(url, { token: tokens[index] ?? "", userId: people[index] ?? "", roomId }),
      ),
    );
    let sent = 0;
    const use = async (at: Member): Promise<string> => {
      const page = pages[servers.indexOf(at)];
      if (!page) throw new Error("the server has no page");
      sent += 1;
      return outcomeOfAsk(
        page.ask({ do: "send", groupId: roomId, type: 30_001, data: "1", key: `k${sent}` }),
      );
    };
    const end = async (): Promise<void> => {
      for (const page of [teacher, ...pages]) page.socket.terminate();
    };
    return right(use, (at) => takeAway(at, { teacher, roomId, tokens }), end);
  };

const seatToken = async (at: Member, roomId: string, userId: string): Promise<string> => {
  const links = await at.as(TEACHER).room.joinLinks({ roomId });
  const url = links.find((link) => link.userId === userId)?.url ?? "";
  return new URL(url).searchParams.get("token") ?? "";
};

export const WAYS: readonly Way[] = [
  {
    name: "a token is revoked by its id",
    refusal: "UNAUTHENTICATED",
    async grant(servers) {
      const at = firstOf(servers);
      const { id: roomId } = await createRoom(at);
      const token = await at.token(ROOT);
      const use = async (other: Member) =>
        outcomeOfRest(await rest(other, token).get("roomInfo", { roomId }));
      return right(use, (other) =>
        other.as(ROOT).auth.revokeToken({ tokenId: String(decodeJwt(token).jti) }),
      );
    },
  },
  {
    name: "a person logs out",
    refusal: "UNAUTHENTICATED",
    grant: ofLogin((at, { token }) => mutate(at, token, "auth.logout")),
  },
  {
    name: "a password is changed in another session",
    refusal: "UNAUTHENTICATED",
    grant: ofLogin(async (at, { userId }) => {
      const session = await at.as(ROOT).auth.login({ username: userId, password: PASSWORD });
      await mutate(at, session.token, "auth.changePassword", {
        currentPassword: PASSWORD,
        newPassword: ANOTHER_PASSWORD,
      });
    }),
  },
  {
    name: "a password is set by an administrator",
    refusal: "UNAUTHENTICATED",
    grant: ofLogin((at, { userId }) =>
      at.as(ROOT).account.setPassword({ userId, password: ANOTHER_PASSWORD }),
    ),
  },
  {
    name: "an account is disabled",
    refusal: "UNAUTHENTICATED",
    grant: ofLogin((at, { userId }) => at.as(ROOT).account.disable({ userId })),
  },
  {
    name: "the links to a seat are revoked",
    refusal: "UNAUTHENTICATED",
    async grant(servers) {
      const at = firstOf(servers);
      const { id: roomId } = await createRoom(at, "e1");
      const token = await seatToken(at, roomId, "e1");
      const use = async (other: Member) =>
        outcomeOfRest(await rest(other, token).get("roomInfo", { roomId }));
      return right(use, (other) => other.as(TEACHER).room.revokeLinks({ roomId, userIds: ["e1"] }));
    },
  },
  {
    name: "a person is removed from a room",
    refusal: "FORBIDDEN",
    grant: ofSeat((at, seat) => at.as(TEACHER).participant.remove(seat)),
  },
  {
    name: "a person is removed from an exam",
    refusal: "FORBIDDEN",
    grant: ofSeat(async (at, { roomId, userId }) => {
      const { examId } = await at.as(TEACHER).room.get({ roomId });
      await at.as(TEACHER).participant.removeFromExam({ examId, userId });
    }),
  },
  {
    name: "a person is moved to another room",
    refusal: "FORBIDDEN",
    async grant(servers) {
      const at = firstOf(servers);
      const room = await createRoom(at, "e1");
      const { id: toRoomId } = await at.as(TEACHER).room.create({ name: "Other", examId: room.examId });
      const token = await at.token({ sub: "e1", role: "examinee" });
      const use = async (other: Member) =>
        outcomeOf(await trpc(other, token).query("room.get", { roomId: room.id }));
      return right(use, (other) =>
        other.as(TEACHER).participant.move({ roomId: room.id, userId: "e1", toRoomId }),
      );
    },
  },
  {
    name: "a room ends",
    refusal: "ROOM_ENDED",
    grant: ofSender((at, { roomId }) => at.as(TEACHER).room.end({ roomId })),
  },
  {
    name: "an attempt is terminated",
    refusal: "ROOM_ENDED",
    grant: ofSender((at, { roomId, userId }) =>
      at
        .as(TEACHER)
        .attempt.terminate({ roomId, userIds: [userId], reason: { code: "misconduct" }, key: "k" }),
    ),
  },
  {
    name: "an exam is deleted",
    refusal: "FORBIDDEN",
    async grant(servers) {
      const at = firstOf(servers);
      const { id: roomId, examId } = await createRoom(at, "e1");
      const token = await at.token({ sub: "e1", role: "examinee" });
      const use = async (other: Member) =>
        outcomeOfRest(await rest(other, token).get("roomInfo", { roomId }));
      return right(use, (other) => other.as(ROOT).exam.delete({ examId, withRooms: true }));
    },
  },
  {
    name: "everybody in a room is muted",
    refusal: "442",
    grant: ofPages(async (_, { teacher, roomId }) => {
      const status = await teacher.ask({ do: "mute", groupId: roomId, muted: true });
      if (status.muteAll !== true) throw new Error(JSON.stringify(status));
    }),
  },
  {
    name: "the tokens of message logins are revoked",
    refusal: AUTH_FAIL,
    grant: ofPages((at, { tokens }) =>
      Promise.all(
        tokens.map((token) => at.as(ROOT).auth.revokeToken({ tokenId: String(decodeJwt(token).jti) })),
      ),
    ),
  },
];
