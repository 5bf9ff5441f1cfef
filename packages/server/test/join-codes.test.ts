import type { JoinCode } from "@invigil/schema";
import { eq } from "drizzle-orm";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { createCodeStore } from "../src/features/join/codes-store.js";
import { createJoinCodes } from "../src/identity/join-codes.js";
import { query } from "../src/storage/statement.js";
import { joinCodes, participants } from "../src/storage/tables.js";
import { rest, trpc } from "./support/calls.js";
import { isOnPostgres } from "./support/engine.js";
import { APPS } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";
import { limited } from "./support/limits.js";
import { ADMIN, openRoomFixture, type RoomFixture, TEACHER } from "./support/room-fixture.js";
import { shared } from "./support/shared.js";
import { change, countRows, insertRows, rowsOf } from "./support/tables.js";
import { AUTHOR, withWrites } from "./support/writes.js";

// Join codes: what is printed on cards, and what happens to whoever types or scans one.

const CONFIG = { apps: APPS, publicUrl: "https://invigil.example" };
const MINUTE = 60_000;

const open = ({ limits, ...options }: Parameters<typeof openRoomFixture>[0] & { limits?: string } = {}) =>
  openRoomFixture({
    ...options,
    config: { ...CONFIG, ...(limits !== undefined && limited({ INVIGIL_LIMIT_WRITES: limits })) },
  });
const makeCodes = async (
  fixture: RoomFixture,
  input: object = { roomId: fixture.room.id },
): Promise<JoinCode[]> => {
  const { data, error } = await fixture.mutate(TEACHER, "room.joinCodes", input);
  if (error) throw new Error(error.message);
  return data;
};
const codeOf = (made: readonly JoinCode[], userId: string): JoinCode => {
  const found = made.find((one) => one.userId === userId);
  if (!found) throw new Error(`${userId} has no code`);
  return found;
};
const withoutHyphens = (code: string): string => code.replaceAll("-", "");

const get = async (
  fixture: Pick<RoomFixture, "inject">,
  path: string,
  { from = "10.0.0.1", method = "GET" } = {},
) => {
  // Safe: the methods of the tests.
  const sent = { method: method as "GET", url: path, remoteAddress: from };
  const { statusCode, headers, body } = await fixture.inject(sent);
  return { status: statusCode, headers, body, location: headers.location };
};
const enter = (fixture: Pick<RoomFixture, "inject">, code: string, from?: string) =>
  get(fixture, `/j/${encodeURIComponent(code)}`, from === undefined ? {} : { from });

/** Codes that nobody has. Their check characters are right. */
const strangers = (number: number): string[] =>
  Array.from({ length: number }, (_, n) => {
    const seat = { examId: "e", roomId: "r", userId: `u${n}`, page: "main", generation: 0 } as const;
    const [code = ""] = createJoinCodes("the secret of another installation").of(seat);
    return code;
  });

describe("room.joinCodes", () => {
  const fixture = shared(open);

  it("gives each page of each person a code, in the order of their links", async () => {
    const made = await makeCodes(fixture());
    const links = (await fixture().mutate(TEACHER, "room.joinLinks", { roomId: fixture().room.id })).data;
    const about = ({ userId, name, role, roomId, roomName, examEndTime, expiresAt }: JoinCode) => ({
      userId,
      name,
      role,
      roomId,
      roomName,
      examEndTime,
      expiresAt,
    });
    expect(made.map(about)).toEqual(links.map(about));
    expect(made.map(({ userId, pcCode }) => [userId, pcCode !== undefined])).toEqual([
      ["t1", false],
      ["i1", false],
      ["e1", true],
      ["e2", true],
    ]);
    const all = made.flatMap(({ code, pcCode }) => [code, ...(pcCode ? [pcCode] : [])]);
    expect(new Set(all).size).toBe(6);
    for (const { code, url, pcCode, pcUrl } of made) {
      expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/);
      expect(url).toBe(`https://invigil.example/j/${code}`);
      expect(pcUrl).toBe(pcCode && `https://invigil.example/j/${pcCode}`);
    }
  });

  it("gives the same codes each time, also at the same time and for the whole exam, and stores no code", async () => {
    const { room, db, lines } = fixture();
    const [first = [], ...others] = await Promise.all(Array.from({ length: 5 }, () => makeCodes(fixture())));
    for (const other of others) expect(other).toEqual(first);
    const ofExam = await makeCodes(fixture(), { examId: room.examId });
    expect(ofExam.filter(({ roomId }) => roomId === room.id)).toEqual(first);
    const page = await makeCodes(fixture(), {
      roomId: room.id,
      limit: 1,
      after: { roomId: room.id, userId: "e1" },
    });
    expect(page).toEqual([codeOf(first, "e2")]);
    const stored = JSON.stringify([await rowsOf(db, joinCodes), lines]);
    for (const { code } of first)
      for (const written of [code, withoutHyphens(code)]) expect(stored).not.toContain(written);
  });

  it("writes nothing again", async () => {
    const statements: string[] = [];
    await using own = await open({ onStatement: (sql) => statements.push(sql) });
    const first = await makeCodes(own);
    expect(statements.some((sql) => /insert into "join_codes"/i.test(sql))).toBe(true);
    statements.length = 0;
    expect(await makeCodes(own)).toEqual(first);
    // The audit entries of both calls are written a second later.
    const isAudit = (sql: string) => sql.includes('"audit_entries"');
    expect(statements.filter((sql) => /^(insert|update|delete)/i.test(sql) && !isAudit(sql))).toEqual([]);
  });

  it("makes up for people who are added later, and others keep their codes", async () => {
    await using own = await open();
    const before = await makeCodes(own);
    const people = Array.from({ length: 300 }, (_, n) => ({
      userId: `late${n}`,
      name: "L",
      role: "examinee",
    }));
    await own.mutate(TEACHER, "participant.add", { roomId: own.room.id, participants: people });
    const after = await makeCodes(own);
    expect(after.slice(0, 4)).toEqual(before);
    expect(new Set(after.map(({ code }) => code)).size).toBe(304);
    expect(await countRows(own.db, joinCodes)).toBe(2 + 2 * 302);
  });

  it("refuses without the settings that the codes need", async () => {
    for (const [config, setting] of [
      [{ apps: APPS }, "INVIGIL_PUBLIC_URL"],
      [{ ...CONFIG, apps: { ...APPS, watchUrl: undefined } }, "INVIGIL_WATCH_APP_URL"],
      [
        { ...CONFIG, streamService: "aliyun", apps: { ...APPS, examineeUrl: undefined } },
        "INVIGIL_EXAMINEE_APP_URL",
      ],
      [{ ...CONFIG, auth: "off" }, "INVIGIL_AUTH=required"],
    ] as const) {
      await using own = await openRoomFixture({ config });
      const { error } = await own.mutate(TEACHER, "room.joinCodes", { roomId: own.room.id });
      expect(error.data.reason).toBe("PROVIDER_NOT_CONFIGURED");
      expect(error.message).toContain(setting);
      expect(await countRows(own.db, joinCodes)).toBe(0);
    }
  });

  it("lead to this server's page if no app is set and the server carries the streams", async () => {
    const apps = { watchUrl: undefined, examineeUrl: undefined };
    await using own = await openRoomFixture({ config: { ...CONFIG, streamService: "embedded", apps } });
    const [code] = await makeCodes(own, { roomId: own.room.id, role: "examinee" });
    const { status, location } = await get(own, `/j/${code?.code}`);
    expect(status).toBe(303);
    expect(location).toMatch(/^https:\/\/invigil\.example\/sit\?roomId=/);
    const { headers } = await own.inject({ url: "/j" });
    expect(headers["content-security-policy"]).toContain("form-action 'self' https://invigil.example;");
  });

  it("leaves out people who are gone when their codes are written", async () => {
    const store = createCodeStore(withWrites(fixture().db));
    const { id: roomId, examId } = fixture().room;
    const codes = new Map([["d", "c"]]);
    const wanted = { userId: "gone", page: "main", codes, codesFrom: () => codes } as const;
    const none = { codes: [undefined], written: 0 };
    expect(await store.assign({ examId, roomId }, [wanted], AUTHOR)).toEqual(none);
  });

  it.skipIf(isOnPostgres)("gives the same codes at another process of the installation", async () => {
    using folder = tempFolder();
    const config = { ...CONFIG, databaseFile: `${folder.path}/invigil.db` };
    await using one = await openRoomFixture({ config });
    await using other = await openRoomFixture({ config }, one);
    const [made, again] = [await makeCodes(one), await makeCodes(other)];
    expect(again).toEqual(made);
    for (const { code } of made) expect((await enter(other, code)).status).toBe(303);
  });

  it("gives a page its next code if another page has the first one, and it keeps that", async () => {
    await using own = await open();
    const { id: roomId, examId } = own.room;
    const codes = createJoinCodes(own.secret);
    const of = (userId: string) => [...codes.of({ examId, roomId, userId, page: "main", generation: 0 })];
    const [first = "", second = ""] = of("e1");
    const row = { examId, roomId, userId: "e2", page: "main", digest: codes.digest(first) } as const;
    await insertRows(own.db, joinCodes, [row]);
    // The row of e2 is none of its codes, so it gives way only after e1 has found it.
    expect(
      withoutHyphens(
        codeOf(await makeCodes(own, { roomId, limit: 1, after: { roomId, userId: "i1" } }), "e1").code,
      ),
    ).toBe(second);
    const made = await makeCodes(own);
    expect(withoutHyphens(codeOf(made, "e2").code)).toBe(of("e2")[0]);
    expect(withoutHyphens(codeOf(made, "e1").code)).toBe(second);
    expect((await enter(own, second)).location).toContain("userId=e1&");
    expect((await enter(own, first)).status).toBe(404);
  });
});

describe("whoever opens a code", () => {
  const fixture = shared(open);

  it("is led to the web app with a new token of their seat", async () => {
    const made = await makeCodes(fixture());
    const { id: roomId } = fixture().room;
    const tokens = new Set<string>();
    for (const { userId, role, code, pcCode } of [...made, ...made])
      for (const [page, one] of [
        ["main", code],
        ["pc", pcCode],
      ] as const) {
        if (one === undefined) continue;
        const { status, location, headers, body } = await enter(fixture(), one);
        expect({ status, body }).toEqual({ status: 303, body: "" });
        expect(headers).toMatchObject({ "cache-control": "no-store", "referrer-policy": "no-referrer" });
        const { origin, pathname, searchParams, hash } = new URL(String(location));
        const app = role === "examinee" ? APPS.examineeUrl : APPS.watchUrl;
        expect({ app: origin + pathname, hash }).toEqual({ app, hash: page === "pc" ? "#/pc" : "" });
        const token = searchParams.get("token") ?? "";
        expect(decodeJwt(token)).toMatchObject({ sub: userId, role, room: roomId });
        expect((await rest(fixture(), token).get("roomInfo", { roomId })).status).toBe(200);
        tokens.add(token);
      }
    expect(tokens.size).toBe(12);
    const { lines } = fixture();
    expect(lines.filter(({ msg }) => msg === "join code used").at(-1)).toMatchObject({
      roomId,
      userId: "e2",
      page: "pc",
      address: "10.0.0.1",
      tokenId: expect.any(String),
      reqId: expect.any(String),
    });
    const logged = JSON.stringify(lines);
    for (const { code } of made) expect(logged).not.toContain(code);
    for (const token of tokens) expect(logged).not.toContain(token);
  });

  it("may type it in any case, with spaces and wide characters, in its own path or in the form", async () => {
    const { code } = codeOf(await makeCodes(fixture()), "e1");
    const wide = withoutHyphens(code)
      .split("")
      .map((one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0));
    const { body } = await get(fixture(), "/j");
    expect(body).toMatch(/<form action="j">\s.*<input id="code" name="code"/s);
    for (const typed of [
      code.toLowerCase(),
      withoutHyphens(code),
      code.replaceAll("-", " "),
      wide.join(""),
    ]) {
      expect((await enter(fixture(), typed)).status).toBe(303);
      expect((await get(fixture(), `/j?code=${encodeURIComponent(typed)}`)).status).toBe(303);
    }
  });

  it("gets the page with the field, and what is wrong with the code", async () => {
    for (const [path, status, says] of [
      ["/j", 200, ""],
      ["/j/", 200, ""],
      ["/j?code=", 400, "typing error"],
      ["/j?code=a&code=b", 400, "typing error"],
      ["/j/AAAA-AAAA-AAAB", 400, "typing error"],
      [`/j/${"A".repeat(5000)}`, 400, "typing error"],
      [`/j/${strangers(1)[0]}`, 404, "does not work now"],
    ] as const) {
      const answer = await get(fixture(), path);
      expect({ path, status: answer.status }).toEqual({ path, status });
      expect(answer.headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-request-id": expect.any(String),
      });
      expect(answer.body).toContain(says);
      expect(answer.body).toContain(`<form action="${path.startsWith("/j/") ? "../j" : "j"}">`);
      expect(answer.body).not.toMatch(/<script|AAAA/);
      expect(String(answer.headers["content-security-policy"]).split(";")).toEqual([
        "default-src 'none'",
        expect.stringMatching(/^style-src 'sha256-[\w+/=]+'$/),
        "img-src data:",
        "base-uri 'none'",
        "form-action 'self' https://watch.example https://sit.example",
        "frame-ancestors 'none'",
      ]);
    }
  });

  it("must do so with GET: HEAD makes no token, and other methods are refused", async () => {
    const { code } = codeOf(await makeCodes(fixture()), "e1");
    const used = () => fixture().lines.filter(({ msg }) => msg === "join code used").length;
    const before = used();
    const { status, location } = await get(fixture(), `/j/${code}`, { method: "HEAD" });
    expect({ status, location }).toEqual({ status: 200, location: undefined });
    for (const path of ["/j", `/j/${code}`])
      for (const method of ["POST", "PUT", "DELETE"]) {
        const answer = await get(fixture(), path, { method });
        expect({ allow: answer.headers.allow, reason: JSON.parse(answer.body).reason }).toEqual({
          allow: "GET, HEAD",
          reason: "METHOD_NOT_ALLOWED",
        });
      }
    expect(used()).toBe(before);
  });
});

describe("room.linkOfCode", () => {
  const fixture = shared(open);

  it("leads to where the page leads, with a token of the seat, and says whether a code is mistyped or unknown", async () => {
    const { code } = codeOf(await makeCodes(fixture()), "t1");
    const linkOf = (typed: string) => trpc(fixture()).mutate("room.linkOfCode", { code: typed });
    for (const typed of [code, withoutHyphens(code).toLowerCase(), code.replaceAll("-", " ")]) {
      const { data } = await linkOf(typed);
      const [link, page] = [data.url, (await enter(fixture(), typed)).location].map(
        (url) => new URL(String(url)),
      );
      expect(link?.origin + (link?.pathname ?? "")).toBe(page?.origin + (page?.pathname ?? ""));
      expect(link?.searchParams.get("roomId")).toBe(fixture().room.id);
      expect(decodeJwt(link?.searchParams.get("token") ?? "")).toMatchObject({
        sub: "t1",
        room: fixture().room.id,
      });
    }
    const mistyped = await linkOf("ST9Q-32GA-RTG2");
    expect(mistyped.error.data).toMatchObject({
      reason: "INVALID_INPUT",
      fieldErrors: { code: ["is mistyped"] },
    });
    expect((await linkOf(strangers(1)[0] ?? "")).error.data.reason).toBe("UNAUTHENTICATED");
  });

  it("shares its wrong codes with the page, and ends after as many", async () => {
    await using own = await open();
    const wrong = strangers(61);
    for (const typed of wrong.slice(0, 30)) await enter(own, typed, "127.0.0.1");
    const reasons = [];
    for (const typed of wrong.slice(30))
      reasons.push((await trpc(own).mutate("room.linkOfCode", { code: typed })).error.data.reason);
    expect(reasons).toEqual([...Array.from({ length: 30 }, () => "UNAUTHENTICATED"), "TOO_MANY_REQUESTS"]);
  });
});

describe("a code stops working", () => {
  const parts = ({ status, headers, body }: Awaited<ReturnType<typeof get>>) => {
    const { "x-request-id": _, date: __, ...same } = headers;
    return { status, headers: same, body };
  };

  it("when its link would: revoked, left, ended and over look like unknown", async () => {
    await using fixture = await open();
    const { id: roomId } = fixture.room;
    const made = await makeCodes(fixture);
    const [e1, e2, i1] = [codeOf(made, "e1"), codeOf(made, "e2"), codeOf(made, "i1")];
    const unknown = parts(await enter(fixture, strangers(1)[0] ?? ""));
    expect(unknown.status).toBe(404);
    const expectGone = async (code = ""): Promise<void> =>
      expect(parts(await enter(fixture, code))).toEqual(unknown);

    await fixture.mutate(TEACHER, "room.revokeLinks", { roomId, userIds: ["e1"] });
    for (const code of [e1.code, e1.pcCode]) await expectGone(code);
    expect((await enter(fixture, e2.code)).status).toBe(303);
    // The next codes of the seat are others, and work.
    const again = await makeCodes(fixture);
    expect(codeOf(again, "e2")).toEqual(e2);
    expect(codeOf(again, "e1").code).not.toBe(e1.code);
    expect((await enter(fixture, codeOf(again, "e1").code)).status).toBe(303);
    await expectGone(e1.code);

    await fixture.mutate(TEACHER, "participant.remove", { roomId, userId: "e1" });
    await expectGone(codeOf(again, "e1").code);

    await fixture.mutate(TEACHER, "room.end", { roomId });
    await expectGone(e2.pcCode);
    expect((await enter(fixture, i1.code)).status).toBe(303);

    fixture.time.now = i1.expiresAt.getTime() - 1;
    expect((await enter(fixture, i1.code)).status).toBe(303);
    fixture.time.now = i1.expiresAt.getTime();
    await expectGone(i1.code);
  });

  it("when the installation gets another secret, with which codes are made again", async () => {
    await using fixture = await open({
      change: (deps) => ({ ...deps, joinCodes: createJoinCodes("the new secret of the installation") }),
    });
    const { id: roomId, examId } = fixture.room;
    const old = createJoinCodes(fixture.secret);
    const [code = ""] = old.of({ examId, roomId, userId: "e1", page: "main", generation: 0 });
    await insertRows(fixture.db, joinCodes, [
      { examId, roomId, userId: "e1", page: "main", digest: old.digest(code) },
    ]);
    expect((await enter(fixture, code)).status).toBe(404);
    const made = await makeCodes(fixture);
    expect((await enter(fixture, codeOf(made, "e1").code)).status).toBe(303);
    expect(await countRows(fixture.db, joinCodes)).toBe(6);
  });
});

describe("the rows of codes", () => {
  const usersOf = async ({ db }: RoomFixture) =>
    [...new Set((await rowsOf(db, joinCodes)).map(({ userId }) => userId))].toSorted();

  it("go with the person, also if a version deletes them that does not know of codes", async () => {
    await using fixture = await open();
    const { id: roomId, examId } = fixture.room;
    await makeCodes(fixture, { examId });
    expect(await usersOf(fixture)).toEqual(["e1", "e2", "i1", "t1"]);
    await change(fixture.db, query.delete(participants).where(eq(participants.userId, "i1")));
    expect(await usersOf(fixture)).toEqual(["e1", "e2", "t1"]);
    await fixture.mutate(ADMIN, "participant.removeFromExam", { examId, userId: "e1", withRecords: true });
    expect(await usersOf(fixture)).toEqual(["e2", "t1"]);
    await fixture.mutate(ADMIN, "participant.remove", { roomId, userId: "e2" });
    expect(await usersOf(fixture)).toEqual(["t1"]);
  });

  it("go with the exam, in which they stop working at once", async () => {
    await using fixture = await open();
    const { examId } = fixture.room;
    const made = await makeCodes(fixture, { examId });
    await fixture.mutate(ADMIN, "exam.delete", { examId, withRooms: true, erase: "now" });
    expect((await enter(fixture, codeOf(made, "i1").code)).status).toBe(404);
    await fixture.services.bulk.drain();
    expect(await countRows(fixture.db, joinCodes)).toBe(0);
  });
});

describe("guessing codes", () => {
  const WRONG = strangers(700);
  const RIGHT = 303;
  /** A hall that counts how often codes are looked up. */
  const openCounting = async () => {
    let lookUps = 0;
    const fixture = await open({
      onStatement: (sql) => {
        lookUps += /^select .* from "join_codes" where/is.test(sql) ? 1 : 0;
      },
    });
    return { ...fixture, lookUps: () => lookUps };
  };

  it("costs no look-up with a wrong check character", async () => {
    await using fixture = await openCounting();
    const [code = ""] = WRONG;
    for (const other of "23456789ABCDEFGHJKMNPQRSTUVWXYZ")
      if (other !== code.at(-1)) expect((await enter(fixture, code.slice(0, -1) + other)).status).toBe(400);
    expect(fixture.lookUps()).toBe(0);
  });

  it("ends after 60 wrong codes a minute of a network, before they are looked up", async () => {
    await using fixture = await openCounting();
    const made = await makeCodes(fixture);
    const before = fixture.lookUps();
    const statuses = await Promise.all(
      WRONG.slice(0, 200).map(async (code) => (await enter(fixture, code)).status),
    );
    expect(statuses.filter((status) => status === 404)).toHaveLength(60);
    expect(statuses.filter((status) => status === 429)).toHaveLength(140);
    expect(fixture.lookUps() - before).toBe(60);
    const { code } = codeOf(made, "e1");
    const refused = await enter(fixture, code);
    expect({ status: refused.status, after: refused.headers["retry-after"] }).toEqual({
      status: 429,
      after: "1",
    });
    expect(refused.body).toContain("Too many wrong codes");
    expect((await enter(fixture, code, "10.0.0.2")).status).toBe(RIGHT);
    // The addresses of an IPv6 network are one.
    for (const [n, wrong] of WRONG.slice(0, 60).entries())
      await enter(fixture, wrong, `2001:db8::${n.toString(16)}`);
    expect((await enter(fixture, code, "2001:db8::ffff")).status).toBe(429);
    fixture.time.now += MINUTE;
    expect((await enter(fixture, code)).status).toBe(RIGHT);
  });

  it("ends after 600 a minute of all networks together", async () => {
    await using fixture = await openCounting();
    const made = await makeCodes(fixture);
    const before = fixture.lookUps();
    for (const [n, code] of WRONG.entries()) await enter(fixture, code, `10.0.${n % 20}.1`);
    expect(fixture.lookUps() - before).toBe(600);
    expect((await enter(fixture, codeOf(made, "e1").code, "10.1.0.1")).status).toBe(429);
    fixture.time.now += 100;
    expect((await enter(fixture, codeOf(made, "e1").code, "10.1.0.1")).status).toBe(RIGHT);
  });

  it("does not concern right codes: a school joins from one address at once", async () => {
    await using fixture = await open();
    const made = await makeCodes(fixture);
    for (const code of WRONG.slice(0, 50)) await enter(fixture, code);
    const entered = Array.from(
      { length: 500 },
      async (_, n) => (await enter(fixture, codeOf(made, n % 2 === 0 ? "e1" : "e2").code)).status,
    );
    expect(new Set(await Promise.all(entered))).toEqual(new Set([RIGHT]));
  });

  it("has a bound for right ones, too: as many tokens as their person may write", async () => {
    await using fixture = await open({ limits: "person=20" });
    const made = await makeCodes(fixture);
    const { code } = codeOf(made, "e1");
    const statuses: number[] = [];
    for (let n = 0; n < 25; n += 1) statuses.push((await enter(fixture, code)).status);
    expect(statuses).toEqual([...Array(20).fill(RIGHT), ...Array(5).fill(429)]);
    expect((await enter(fixture, codeOf(made, "e2").code)).status).toBe(RIGHT);
  });
});
