import { and, eq } from "drizzle-orm";
import { lockExams } from "../../domain/exam-lock.js";
import { EVERYBODY } from "../../domain/messages.js";
import { notifyOtherServers } from "../../domain/notices.js";
import type { RoomExams } from "../../domain/room-exams.js";
import type { Storage } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import { mutes, roomExams } from "../../storage/tables.js";

/** Who is muted in a room. */
export interface Muted {
  readonly everybody: boolean;
  /** Sorted. */
  readonly logins: readonly string[];
}

export interface MuteStore {
  muted(roomId: string): Promise<Muted>;
  /** Mutes or unmutes logins, or without `logins` everybody. The latter does not change which logins are muted by name. */
  change(change: {
    readonly examId: string;
    readonly roomId: string;
    readonly muted: boolean;
    readonly logins: readonly string[] | undefined;
    readonly now: Date;
  }): Promise<void>;
}

const inRoom = and(eq(mutes.examId, param("examId")), eq(mutes.roomId, param("roomId")));
const mutesOfRoom = statement(
  query.select({ login: mutes.login }).from(mutes).where(inRoom).orderBy(mutes.login),
);
const insertMutes = insertion(mutes, { onConflict: "ignore" });
const deleteMutes = statement((dialect) =>
  query.delete(mutes).where(and(inRoom, dialect.isAnyOf(mutes.login, "logins"))),
);

export const createMuteStore = ({
  storage,
  roomExams: examsOfRooms,
  self,
}: {
  storage: Storage;
  roomExams: RoomExams;
  /** The id of this server. Other servers are notified of changes. */
  self: string;
}): MuteStore => ({
  muted: storage.remember({ tables: [roomExams, mutes] }, async (reader, roomId: string): Promise<Muted> => {
    const examId = await examsOfRooms.examOf(reader, roomId);
    const logins = (await reader.all(mutesOfRoom, { examId, roomId })).map(({ login }) => login);
    return { everybody: logins.includes(EVERYBODY), logins: logins.filter((login) => login !== EVERYBODY) };
  }),

  change: ({ examId, roomId, muted, now, logins = [EVERYBODY] }) =>
    storage.write(
      async (tx) => {
        await lockExams(tx, examId);
        if (muted)
          await tx.insert(
            insertMutes,
            logins.map((login) => ({ examId, roomId, login })),
          );
        else await tx.run(deleteMutes, { examId, roomId, logins });
        if (self !== "") await notifyOtherServers(tx, self, { topic: "muted", data: roomId, now });
      },
      { repeatable: true },
    ),
});
