import { expect, it } from "vitest";
import type { ImApp } from "./support/drop-in.js";
import { openIn } from "./support/drop-in-apps.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";

// The pages of the vendor's apps end only when they receive the signal 20010, however the room was ended.

const END = 20010;
const receivedEnds = ({ diary }: ImApp) =>
  diary.all("recvgroupmessage").filter(([{ type }]) => type === END).length;
/** Resolves when a page has received all earlier messages. */
const receivedAll = async (fixture: ExamsFixture, app: ImApp): Promise<void> => {
  await fixture.admin.im.send({ roomId: fixture.room.id, type: 30001, data: "last" });
  for (;;) {
    const [message] = await app.diary.until("recvgroupmessage");
    if (message.data === '"last"') return;
  }
};
const open = async (fixture: ExamsFixture) => {
  const url = await fixture.listen();
  return {
    url,
    teacher: await openIn(fixture, url, "teacher1", "teacher"),
    phone: await openIn(fixture, url, "examinee1", "examinee"),
    pc: await openIn(fixture, url, "pc_examinee1", "examinee"),
  };
};
type Opened = Awaited<ReturnType<typeof open>>;
const close = async ({ teacher, phone, pc }: Opened): Promise<void> => {
  for (const app of [teacher, phone, pc]) await app[Symbol.asyncDispose]();
};

it("a room that the API ends sends the signal to its pages once, with the id of a command", async () => {
  await using fixture = await openExamsFixture();
  const pages = await open(fixture);
  await fixture.admin.room.end({ roomId: fixture.room.id });
  await fixture.admin.room.end({ roomId: fixture.room.id });
  for (const app of [pages.phone, pages.pc]) {
    const [message, groupId] = await app.diary.until("recvgroupmessage");
    expect(groupId).toBe(fixture.room.id);
    expect(message).toMatchObject({ type: END, sender: { userId: "server" } });
    expect(JSON.parse(message.data)).toEqual({ sid: expect.stringMatching(/^\w+$/) });
    await receivedAll(fixture, app);
    expect(receivedEnds(app)).toBe(1);
  }
  await close(pages);
});

it("a page that was away at the end of the room receives the signal when it returns", async () => {
  await using fixture = await openExamsFixture();
  const pages = await open(fixture);
  pages.phone.page.offline();
  await fixture.admin.room.end({ roomId: fixture.room.id });
  pages.phone.page.online();
  expect((await pages.phone.diary.until("recvgroupmessage"))[0].type).toBe(END);
  await close(pages);
});

it("pages receive one signal if the vendor's teacher page ends the room and sends the signal three times", async () => {
  await using fixture = await openExamsFixture();
  const pages = await open(fixture);
  const authorization = await fixture.token({ sub: "teacher1", role: "teacher", room: fixture.room.id });
  await fetch(`${pages.url}/exam/endRoom?roomId=${fixture.room.id}&ts=1`, { headers: { authorization } });
  const data = '{"sid":"0b0e3c9e-6a5c-4b7a-9d0f-0a1b2c3d4e5f"}';
  const sendEnd = () =>
    pages.teacher.messages.sendGroupMessage({ groupId: fixture.room.id, type: END, data, skipAudit: true });
  const ids = new Set([await sendEnd(), await sendEnd(), await sendEnd()]);
  expect(ids.size).toBe(1);
  await receivedAll(fixture, pages.phone);
  expect(receivedEnds(pages.phone)).toBe(1);
  const { messages } = await fixture.admin.im.history({ roomId: fixture.room.id, type: END });
  expect(messages.map(({ id }) => String(id))).toEqual([...ids]);
  await close(pages);
});

it("the server sends no signal if an app sent it before it ended the room", async () => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  await using fixture = await openExamsFixture({ now: () => new Date(now) });
  const pages = await open(fixture);
  const sendEnd = () => fixture.teacher.im.send({ roomId: fixture.room.id, type: END, data: { sid: "1" } });
  await sendEnd();
  now += 60_000;
  await fixture.teacher.room.end({ roomId: fixture.room.id });
  await receivedAll(fixture, pages.phone);
  expect(receivedEnds(pages.phone)).toBe(1);
  await close(pages);
});

it("the server sends the signal if an app sent it long before the end of the room", async () => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  await using fixture = await openExamsFixture({ now: () => new Date(now) });
  const pages = await open(fixture);
  await fixture.teacher.im.send({ roomId: fixture.room.id, type: END, data: { sid: "1" } });
  now += 10 * 60_000;
  await fixture.teacher.room.end({ roomId: fixture.room.id });
  await receivedAll(fixture, pages.phone);
  expect(receivedEnds(pages.phone)).toBe(2);
  await close(pages);
});
