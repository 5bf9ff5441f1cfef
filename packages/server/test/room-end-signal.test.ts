import { expect, it } from "vitest";
import type { ImApp } from "./support/drop-in.js";
import { openIn } from "./support/drop-in-apps.js";
import { openSchool, type School } from "./support/school.js";

// The pages of the vendor's apps go to their end by the signal 20010 alone, however the room was ended.

const END = 20010;
const endsHeard = ({ diary }: ImApp) =>
  diary.all("recvgroupmessage").filter(([{ type }]) => type === END).length;
/** Resolves when a page has been told everything until now. */
const settled = async (school: School, app: ImApp): Promise<void> => {
  await school.admin.im.send({ roomId: school.room.id, type: 30001, data: "last" });
  for (;;) {
    const [message] = await app.diary.until("recvgroupmessage");
    if (message.data === '"last"') return;
  }
};
const open = async (school: School) => {
  const url = await school.listen();
  return {
    url,
    teacher: await openIn(school, url, "teacher1", "teacher"),
    phone: await openIn(school, url, "examinee1", "examinee"),
    pc: await openIn(school, url, "pc_examinee1", "examinee"),
  };
};
type Opened = Awaited<ReturnType<typeof open>>;
const close = async ({ teacher, phone, pc }: Opened): Promise<void> => {
  for (const app of [teacher, phone, pc]) await app[Symbol.asyncDispose]();
};

it("a room that is ended by the API tells its pages, once, with an id as commands have", async () => {
  await using school = await openSchool();
  const pages = await open(school);
  await school.admin.room.end({ roomId: school.room.id });
  await school.admin.room.end({ roomId: school.room.id });
  for (const app of [pages.phone, pages.pc]) {
    const [message, groupId] = await app.diary.until("recvgroupmessage");
    expect(groupId).toBe(school.room.id);
    expect(message).toMatchObject({ type: END, sender: { userId: "server" } });
    expect(JSON.parse(message.data)).toEqual({ sid: expect.stringMatching(/^\w+$/) });
    await settled(school, app);
    expect(endsHeard(app)).toBe(1);
  }
  await close(pages);
});

it("a page that was away when the room ended is told when it comes back", async () => {
  await using school = await openSchool();
  const pages = await open(school);
  pages.phone.page.offline();
  await school.admin.room.end({ roomId: school.room.id });
  pages.phone.page.online();
  expect((await pages.phone.diary.until("recvgroupmessage"))[0].type).toBe(END);
  await close(pages);
});

it("the vendor's teacher page ends the room and then tells the group itself, three times: pages hear it once", async () => {
  await using school = await openSchool();
  const pages = await open(school);
  const authorization = await school.token({ sub: "teacher1", role: "teacher", room: school.room.id });
  await fetch(`${pages.url}/exam/endRoom?roomId=${school.room.id}&ts=1`, { headers: { authorization } });
  const data = '{"sid":"0b0e3c9e-6a5c-4b7a-9d0f-0a1b2c3d4e5f"}';
  const tell = () =>
    pages.teacher.messages.sendGroupMessage({ groupId: school.room.id, type: END, data, skipAudit: true });
  const ids = new Set([await tell(), await tell(), await tell()]);
  expect(ids.size).toBe(1);
  await settled(school, pages.phone);
  expect(endsHeard(pages.phone)).toBe(1);
  const { messages } = await school.admin.im.history({ roomId: school.room.id, type: END });
  expect(messages.map(({ id }) => String(id))).toEqual([...ids]);
  await close(pages);
});

it("an app that tells the group first and ends the room then is not repeated", async () => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  await using school = await openSchool({ now: () => new Date(now) });
  const pages = await open(school);
  const tell = () => school.teacher.im.send({ roomId: school.room.id, type: END, data: { sid: "1" } });
  await tell();
  now += 60_000;
  await school.teacher.room.end({ roomId: school.room.id });
  await settled(school, pages.phone);
  expect(endsHeard(pages.phone)).toBe(1);
  await close(pages);
});

it("an end that was told of long before the room ended is told again", async () => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  await using school = await openSchool({ now: () => new Date(now) });
  const pages = await open(school);
  await school.teacher.im.send({ roomId: school.room.id, type: END, data: { sid: "1" } });
  now += 10 * 60_000;
  await school.teacher.room.end({ roomId: school.room.id });
  await settled(school, pages.phone);
  expect(endsHeard(pages.phone)).toBe(2);
  await close(pages);
});
