import { expect, it } from "vitest";
import { createTestApp, type TestCaller } from "../src/app/testing.js";
import { type Answer, rawSocket, socketUrl } from "./support/sockets.js";

const TEACHER: TestCaller = { sub: "t1", role: "teacher" };

/** Listens to a room over a WebSocket of its own. Resolves when it receives what happens from now on. */
const listenTo = async (
  url: string,
  token: string,
  call: { id: string | number; jsonrpc?: "2.0" },
  roomId: string,
) => {
  const client = await rawSocket(socketUrl(url), { headers: { authorization: `Bearer ${token}` } });
  const params = { path: "room.onEvent", input: { json: { roomId } } };
  client.ask({ ...call, method: "subscription", params });
  await client.message(({ result }) => result?.type === "started");
  return client;
};
const QUESTION = "May I leave the room?";
const isQuestion = ({ result }: Answer) => JSON.stringify(result ?? {}).includes(QUESTION);

it("an event reaches every listener of a room under the id of their own call", async () => {
  await using app = await createTestApp();
  const url = await app.listen();
  const token = await app.token(TEACHER);
  const { id: roomId } = await app.as(TEACHER).room.create({ name: "Room" });
  const calls = [{ id: 1 }, { id: "two" }, { id: 1 }, { id: 3, jsonrpc: "2.0" as const }, { id: 1 }];
  const listeners = [];
  for (const call of calls) listeners.push(await listenTo(url, token, call, roomId));
  await app.as(TEACHER).im.send({ roomId, type: 30_001, data: { question: QUESTION } });

  const answers = [];
  for (const listener of listeners) answers.push(await listener.message(isQuestion));
  for (const { socket } of listeners) socket.close();
  const [first] = answers;
  expect(answers).toEqual(calls.map((call) => ({ ...call, result: first?.result })));
});
