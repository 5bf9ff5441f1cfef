import { describe, expect, it } from "vitest";
import { credentials, eventually, openApp } from "./support/drop-in.js";
import { hear, loginFor, openIn } from "./support/drop-in-apps.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";

// Logins with the drop-in script, and how they end.

describe("a login", () => {
  it("that is refused fails with the text that apps compare, and a later one can succeed", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    const made = await loginFor(fixture, url, "examinee1", "examinee");
    await using app = await openApp(made.appSign);
    const { user, userAuth } = credentials(made);
    const wrong = { user, userAuth: { ...userAuth, token: "0" } };
    await expect(app.engine.login(wrong)).rejects.toThrow(/^auth fail$/);
    expect((await app.diary.next()).event).toBe("connecting");
    const failed = await app.diary.next();
    expect([failed.event, failed.args[0].message]).toEqual(["connectfailed", "auth fail"]);
    await app.engine.login({ user, userAuth });
    expect(app.engine.isLogin()).toBe(true);
    expect(app.engine.getCurrentUserId()).toBe("examinee1");
    await app.engine.logout();
    await app.engine.logout();
    expect(app.diary.all("disconnect")).toEqual([[1]]);
    expect(app.engine.isLogin()).toBe(false);
    await expect(app.groups.joinGroup(fixture.room.id)).rejects.toThrow("not login");
  });

  it("on another device ends this one with code 4, and it does not reconnect", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using older = await openIn(fixture, url, "examinee1", "examinee");
    await using newer = await openIn(fixture, url, "examinee1", "examinee");
    expect(await older.diary.until("disconnect")).toEqual([4]);
    expect(older.page.connections()).toBe(1);
    await eventually(
      async () => (await newer.groups.queryGroup(fixture.room.id)).statistics.onlineCount,
      (count) => count === 1,
    );
  });

  it("of an older page that reconnects does not displace the newer one, and ends with code 4", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using older = await openIn(fixture, url, "examinee1", "examinee");
    older.page.offline();
    await using newer = await openIn(fixture, url, "examinee1", "examinee");
    older.page.online();
    expect(await older.diary.until("disconnect")).toEqual([4]);
    expect(older.engine.isLogin()).toBe(false);
    await fixture.teacher.im.send({ roomId: fixture.room.id, type: 30001, data: 1 });
    expect(await hear(newer)).toBe(1);
    expect(newer.diary.all("disconnect")).toEqual([]);
  });

  it("of an older page that was away for too long is refused while the newer one is connected", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using older = await openIn(fixture, url, "examinee1", "examinee", { hurry: 300 });
    older.page.offline();
    expect(await older.diary.until("disconnect")).toEqual([3]);
    const newer = await openIn(fixture, url, "examinee1", "examinee");
    older.page.online();
    // The app retries every few seconds.
    const again = () => older.engine.login(credentials(older.made));
    await expect(again()).rejects.toMatchObject({ code: 304, message: "login elsewhere" });
    expect(await newer.groups.queryGroup(fixture.room.id)).toHaveProperty("groupId");
    // A newer login of the same page replaces the others.
    await older.engine.login(credentials(await loginFor(fixture, url, "examinee1", "examinee")));
    expect(await newer.diary.until("disconnect")).toEqual([4]);
    await newer[Symbol.asyncDispose]();
  });

  it("of an older page succeeds once the newer one has disconnected", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using older = await openIn(fixture, url, "examinee1", "examinee", { hurry: 300 });
    older.page.offline();
    expect(await older.diary.until("disconnect")).toEqual([3]);
    const newer = await openIn(fixture, url, "examinee1", "examinee");
    await newer[Symbol.asyncDispose]();
    older.page.online();
    const again = async (): Promise<boolean> => {
      await older.engine.login(credentials(older.made));
      return true;
    };
    // The server may not have detected yet that the newer one has disconnected.
    await eventually(
      () => again().catch(() => false),
      (isIn) => isIn,
    );
    expect(older.engine.isLogin()).toBe(true);
  });

  it("that was issued first and arrives last is refused", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    const slow = await loginFor(fixture, url, "examinee1", "examinee");
    await using newer = await openIn(fixture, url, "examinee1", "examinee");
    await using late = await openApp(slow.appSign);
    await expect(late.engine.login(credentials(slow))).rejects.toThrow(/^login elsewhere$/);
    expect(await newer.groups.queryGroup(fixture.room.id)).toHaveProperty("groupId");
  });

  it("of another person on the same page receives messages from then on", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using app = await openIn(fixture, url, "examinee1", "examinee");
    await app.engine.login(credentials(await loginFor(fixture, url, "examinee2", "examinee")));
    const speak = (data: number) => fixture.teacher.im.send({ roomId: fixture.room.id, type: 30001, data });
    await speak(1);
    await app.groups.joinGroup(fixture.room.id);
    await speak(2);
    expect(await hear(app)).toBe(2);
  });

  it("of a person who is removed from the room ends with code 2, even while the page is away", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using there = await openIn(fixture, url, "examinee1", "examinee");
    await using away = await openIn(fixture, url, "examinee2", "examinee");
    away.page.offline();
    for (const userId of ["examinee1", "examinee2"])
      await fixture.teacher.participant.remove({ roomId: fixture.room.id, userId });
    expect(await there.diary.until("disconnect")).toEqual([2]);
    away.page.online();
    expect(await away.diary.until("disconnect")).toEqual([2]);
  });

  it("that expires notifies the app, and ends with code 3 if the app has no newer one", async () => {
    let time = Date.parse("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => new Date(time), timing: { beatMs: 20 } });
    const url = await fixture.listen();
    await using app = await openIn(fixture, url, "examinee1", "examinee");
    time = app.made.auth.timestamp * 1000;
    await app.diary.until("tokenexpired");
    expect(await app.diary.until("disconnect")).toEqual([3]);
  });

  it("that expires continues with a newer one, and loses no messages", async () => {
    let time = Date.parse("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => new Date(time), timing: { beatMs: 20 } });
    const url = await fixture.listen();
    let answer: (error: unknown, auth?: unknown) => void = () => {};
    const expiry = (callback: typeof answer) => {
      answer = callback;
    };
    await using app = await openIn(fixture, url, "examinee1", "examinee", { expiry });
    time = app.made.auth.timestamp * 1000;
    await app.diary.until("tokenexpired");
    await expect(app.groups.queryGroup(fixture.room.id)).rejects.toThrow(/^auth fail$/);
    await fixture.teacher.im.send({ roomId: fixture.room.id, type: 30001, data: 1 });
    const newer = await loginFor(fixture, url, "examinee1", "examinee");
    answer(null, credentials(newer).userAuth);
    expect(await hear(app)).toBe(1);
    expect(app.diary.all("disconnect")).toEqual([]);
  });

  it("that expires while the page is away continues with a newer one", async () => {
    let time = Date.parse("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => new Date(time) });
    const url = await fixture.listen();
    let answer: (error: unknown, auth?: unknown) => void = () => {};
    const expiry = (callback: typeof answer) => {
      answer = callback;
    };
    await using app = await openIn(fixture, url, "examinee1", "examinee", { expiry });
    app.page.offline();
    time = app.made.auth.timestamp * 1000;
    app.page.online();
    await app.diary.until("tokenexpired");
    answer(null, credentials(await loginFor(fixture, url, "examinee1", "examinee")).userAuth);
    await app.diary.until("reconnectsuccess");
  });

  it("that expires ends if the app does not respond", async () => {
    let time = Date.parse("2026-01-02T03:04:05Z");
    const timing = { beatMs: 20, renewalMs: 20 };
    await using fixture = await openExamsFixture({ now: () => new Date(time), timing });
    const url = await fixture.listen();
    await using app = await openIn(fixture, url, "examinee1", "examinee", { expiry: () => undefined });
    time = app.made.auth.timestamp * 1000;
    expect(await app.diary.until("disconnect")).toEqual([3]);
  });

  it("of a teacher ends when their account is disabled", async () => {
    await using fixture = await openExamsFixture({ timing: { beatMs: 20 } });
    const url = await fixture.listen();
    await fixture.admin.account.create({
      userId: "teacher1",
      role: "teacher",
      name: "T",
      password: "a long password",
    });
    await using app = await openIn(fixture, url, "teacher1", "teacher");
    await fixture.admin.account.disable({ userId: "teacher1" });
    await app.diary.until("tokenexpired");
    expect(await app.diary.until("disconnect")).toEqual([3]);
  });
});

describe("the first login", () => {
  const openOffline = async (fixture: ExamsFixture, url: string) => {
    const made = await loginFor(fixture, url, "examinee1", "examinee");
    const app = await openApp(made.appSign);
    app.page.offline();
    return { ...app, made };
  };

  it("is retried without a network, and the app is not notified", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using app = await openOffline(fixture, url);
    const login = app.engine.login(credentials(app.made));
    await app.page.connected(3);
    app.page.online();
    await login;
    expect(app.engine.isLogin()).toBe(true);
    expect([await app.diary.next(), await app.diary.next()]).toEqual([
      { event: "connecting", args: [] },
      { event: "connectsuccess", args: [] },
    ]);
    expect(app.diary.rest()).toEqual([]);
  });

  it("is given up if the app logs out or logs in again", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using app = await openOffline(fixture, url);
    const first = app.engine.login(credentials(app.made)).catch((error: Error) => error.message);
    await app.page.connected(1);
    const second = app.engine.login(credentials(app.made)).catch((error: Error) => error.message);
    expect(await first).toBe("not login");
    await app.engine.logout();
    expect(await second).toBe("not login");
    expect(app.diary.all("disconnect")).toEqual([[1]]);
  });

  it("fails at once if the server refuses it, so that the app can request another one", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    await using app = await openOffline(fixture, url);
    app.page.online();
    const { user, userAuth } = credentials(app.made);
    const wrong = { user, userAuth: { ...userAuth, token: "0" } };
    await expect(app.engine.login(wrong)).rejects.toThrow(/^auth fail$/);
    expect(app.page.connections()).toBe(1);
  });

  it("is retried for longer than a lost connection, before the page joins a group", async () => {
    await using fixture = await openExamsFixture();
    const url = await fixture.listen();
    const made = await loginFor(fixture, url, "examinee1", "examinee");
    // Slow enough that attempts on a busy machine do not take all of the time.
    await using app = await openApp(made.appSign, { hurry: 10 });
    await app.engine.login(credentials(made));
    app.page.offline();
    const joined = app.groups.joinGroup(fixture.room.id);
    // After this many attempts, a page that had joined a group would have stopped.
    await app.page.connected(20);
    app.page.online();
    expect(await joined).toHaveProperty("groupId", fixture.room.id);
    expect(app.diary.all("disconnect")).toEqual([]);
  });
});
