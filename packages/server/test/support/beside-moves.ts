import { expect } from "vitest";
import type { TestApp } from "../../src/app/testing.js";
import { attempts, participants, roomEvents } from "../../src/storage/tables.js";
import { rowsOf } from "./tables.js";

const ROOT = { sub: "root", role: "admin" } as const;
const PEOPLE = 30;
/** The status of an attempt after each decision. */
const STATUS = { terminate: "terminated", reopen: "running" } as const;

/**
 * Ends and reopens the attempts of people who are moved at the same time, and compares the answers with the rows. Several servers take the
 * calls in turn.
 */
export const endAndReopenBesideMoves = async (
  db: Parameters<typeof rowsOf>[0],
  servers: readonly TestApp["as"][],
): Promise<void> => {
  const [first] = servers;
  if (!first) throw new Error("there is no server");
  const admin = first(ROOT);
  const at = (n: number) => (servers[n % servers.length] ?? first)(ROOT);
  const people = Array.from({ length: PEOPLE }, (_, n) => ({
    userId: `e${n}`,
    name: `E ${n}`,
    role: "examinee" as const,
  }));
  const from = await admin.room.create({ name: "From", participants: people });
  const to = await admin.room.create({ name: "To", examId: from.examId });
  let changed = 0;
  for (const [kind, [roomId, toRoomId]] of [
    ["terminate", [from.id, to.id]],
    ["reopen", [to.id, from.id]],
  ] as const)
    for (const [n, { userId }] of people.entries()) {
      const reason = { code: "technical" } as const;
      const decision = { roomId, userIds: [userId], reason, key: `${kind} ${userId}` };
      const move = () => at(n + 1).participant.move({ roomId, userId, toRoomId });
      const decide = () => at(n).attempt[kind](decision);
      const before = n % 2 === 0 ? decide() : undefined;
      const moving = move();
      const deciding = before ?? decide();
      const [decided, moved] = await Promise.allSettled([deciding, moving]);
      expect(moved).toMatchObject({ status: "fulfilled", value: true });
      const seats = (await rowsOf(db, participants)).filter((seat) => seat.userId === userId);
      expect(seats).toMatchObject([{ roomId: toRoomId }]);
      const row = (await rowsOf(db, attempts)).find((attempt) => attempt.userId === userId);
      if (decided.status === "rejected") throw decided.reason;
      const [person] = decided.value.people;
      expect(decided.value).toMatchObject({ people: [{ userId }], remaining: 0 });
      if (person?.outcome === "refused") {
        expect(person).toMatchObject({ refusal: "notInRoom" });
        expect(row?.status).not.toBe(STATUS[kind]);
        // Decided where they are now, so that the second round has something to reopen.
        await at(n).attempt[kind]({ ...decision, roomId: toRoomId });
        continue;
      }
      expect(person).toMatchObject({ outcome: "changed" });
      expect(row?.status).toBe(STATUS[kind]);
      // The room in which they sit has been told, by the decision or by their arrival.
      const told = (await rowsOf(db, roomEvents)).filter(
        (event) =>
          event.roomId === toRoomId && event.data.userId === userId && event.data.status === STATUS[kind],
      );
      expect(told).toHaveLength(1);
      changed += 1;
    }
  expect(changed).toBeGreaterThan(0);

  // One who is removed has no attempt to decide about any more, and the answer says so.
  for (const [n, { userId }] of people.entries()) {
    const decision = {
      roomId: from.id,
      userIds: [userId],
      reason: { code: "technical" as const },
      key: `end ${userId}`,
    };
    const deciding = at(n).attempt.terminate(decision);
    const removing = at(n + 1).participant.remove({ roomId: from.id, userId });
    const [decided] = await Promise.allSettled([deciding, removing]);
    const row = (await rowsOf(db, attempts)).find((attempt) => attempt.userId === userId);
    if (decided.status === "rejected") throw decided.reason;
    expect(decided.value.people).toHaveLength(1);
    const [person] = decided.value.people;
    if (row?.status === "terminated") expect(person).toMatchObject({ userId, outcome: "changed" });
    else expect(person).toMatchObject({ userId, outcome: "refused", refusal: "notInRoom" });
  }
};
