import { credentials, type ImApp, imLogin, openApp } from "./drop-in.js";
import type { ExamsFixture } from "./exams-fixture.js";

// The vendor's apps in a room, using the drop-in script.

type Role = "teacher" | "examinee" | "inspector";
export const loginFor = async (fixture: ExamsFixture, url: string, userId: string, role: Role) => {
  const sub = userId.replace(/^pc_/, "");
  return imLogin(url, await fixture.token({ sub, role, room: fixture.room.id }), {
    roomId: fixture.room.id,
    userId,
    ...(role === "teacher" && { role: "admin" }),
  });
};
/** An app that has joined the room, like the vendor's apps. */
export const openIn = async (
  fixture: ExamsFixture,
  url: string,
  userId: string,
  role: Role,
  options: Parameters<typeof openApp>[1] = {},
) => {
  const made = await loginFor(fixture, url, userId, role);
  const app = await openApp(made.appSign, options);
  await app.engine.login(credentials(made));
  const group = await app.groups.joinGroup(fixture.room.id);
  return { ...app, made, group };
};
/** The numbers of the messages that a page receives. */
export const say = (app: ImApp, fixture: ExamsFixture, n: number, more: object = {}): Promise<string> =>
  app.messages.sendGroupMessage({ groupId: fixture.room.id, type: 30001, data: `${n}`, ...more });
export const hear = async (app: ImApp, event = "recvgroupmessage"): Promise<number> =>
  JSON.parse((await app.diary.until(event))[0].data);
