import { userIdOfLogin } from "@invigil/schema";
import { and, eq } from "drizzle-orm";
import type { Instances } from "../../coordination/instances.js";
import type { Author } from "../../domain/calls.js";
import { EVERYBODY } from "../../domain/messages.js";
import { readRoles } from "../../domain/people.js";
import type { RoomExams } from "../../domain/room-exams.js";
import type { Writes } from "../../domain/writes.js";
import type { Queries } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import { mutes, roomExams } from "../../storage/tables.js";

/** The muted logins of a room. */
export interface Muted {
  readonly everybody: boolean;
  /** Sorted. */
  readonly logins: readonly string[];
}

/** Whether anything has changed, the first login that belongs to no person in the room, or the maximum number of muted logins. */
export type MuteOutcome =
  | { readonly hasChanged: boolean }
  | { readonly unknown: string }
  | { readonly held: number };

const inRoom = and(eq(mutes.examId, param("examId")), eq(mutes.roomId, param("roomId")));
const mutesOfRoom = statement(
  query.select({ login: mutes.login }).from(mutes).where(inRoom).orderBy(mutes.login),
);
const insertMutes = insertion(mutes);
const deleteMutes = statement((dialect) =>
  query.delete(mutes).where(and(inRoom, dialect.isAnyOf(mutes.login, "logins"))),
);

export type MuteStore = ReturnType<typeof createMuteStore>;

export const createMuteStore = ({
  storage,
  writes,
  roomExams: examsOfRooms,
  instances,
}: {
  storage: Queries;
  writes: Writes;
  roomExams: RoomExams;
  /** Other servers are notified of changes. */
  instances: Pick<Instances, "others" | "notify">;
}) => ({
  muted: storage.cached({ tables: [roomExams, mutes] }, async (reader, roomId: string): Promise<Muted> => {
    const examId = await examsOfRooms.examOf(reader, roomId);
    const logins = (await reader.all(mutesOfRoom, { examId, roomId })).map(({ login }) => login);
    return { everybody: logins.includes(EVERYBODY), logins: logins.filter((login) => login !== EVERYBODY) };
  }),

  /**
   * Mutes or unmutes logins, or without `logins` everybody. The latter does not change which logins are muted by name. All or nothing: only
   * logins of people in the room can be muted, and at most `most` of them. Unmuting ignores logins that are not muted.
   */
  change: ({
    examId,
    roomId,
    muted,
    most,
    now,
    author,
    logins = [EVERYBODY],
  }: {
    readonly examId: string;
    readonly roomId: string;
    readonly muted: boolean;
    readonly logins: readonly string[] | undefined;
    readonly most: number;
    readonly now: Date;
    readonly author: Author;
  }): Promise<MuteOutcome> =>
    writes.ofExam(
      { examId, roomId, people: logins.filter((login) => login !== EVERYBODY).map(userIdOfLogin) },
      author,
      async (tx): Promise<MuteOutcome> => {
        const named = muted ? logins.filter((login) => login !== EVERYBODY) : [];
        const people = named.map((login) => ({ examId, roomId, userId: userIdOfLogin(login) }));
        const [mutesBefore, roles, others] = await Promise.all([
          tx.all(mutesOfRoom, { examId, roomId }),
          people.length > 0 ? readRoles(tx, people) : [],
          instances.others(tx, now),
        ]);
        const before = new Set(mutesBefore.map(({ login }) => login));
        const changed = [...new Set(logins)].filter((login) => before.has(login) !== muted);
        if (changed.length === 0) return { hasChanged: false };
        if (muted) {
          const added = changed.filter((login) => login !== EVERYBODY);
          const present = new Set(roles.map(({ userId }) => userId));
          const unknown = added.find((login) => !present.has(userIdOfLogin(login)));
          if (unknown !== undefined) return { unknown };
          before.delete(EVERYBODY);
          if (added.length > 0 && before.size + added.length > most) return { held: before.size };
        }
        await tx.last(() =>
          Promise.all([
            muted
              ? tx.insert(
                  insertMutes,
                  changed.map((login) => ({ examId, roomId, login })),
                )
              : tx.run(deleteMutes, { examId, roomId, logins: changed }),
            instances.notify(tx, others, { topic: "muted", data: roomId, now }),
          ]),
        );
        return { hasChanged: true };
      },
      { repeatable: true },
    ),
});
