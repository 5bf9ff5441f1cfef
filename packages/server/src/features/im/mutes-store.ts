import { and, eq } from "drizzle-orm";
import { lockExams } from "../../domain/exam-lock.js";
import { EVERYBODY } from "../../domain/messages.js";
import { notifyOtherServers } from "../../domain/notices.js";
import type { Storage } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import { mutes } from "../../storage/tables.js";

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

const mutesOfRoom = statement(
  query
    .select({ login: mutes.login })
    .from(mutes)
    .where(eq(mutes.roomId, param("roomId")))
    .orderBy(mutes.login),
);
const insertMutes = insertion(mutes, { onConflict: "ignore" });
const deleteMutes = statement((dialect) =>
  query.delete(mutes).where(and(eq(mutes.roomId, param("roomId")), dialect.isAnyOf(mutes.login, "logins"))),
);

export const createMuteStore = ({
  storage,
  self,
}: {
  storage: Storage;
  /** The id of this server. Other servers are notified of changes. */
  self: string;
}): MuteStore => ({
  muted: storage.remember({ tables: [mutes] }, async (reader, roomId: string): Promise<Muted> => {
    const logins = (await reader.all(mutesOfRoom, { roomId })).map(({ login }) => login);
    return { everybody: logins.includes(EVERYBODY), logins: logins.filter((login) => login !== EVERYBODY) };
  }),

  change: ({ examId, roomId, muted, now, logins = [EVERYBODY] }) =>
    storage.write(
      async (tx) => {
        await lockExams(tx, examId);
        if (muted)
          await tx.insert(
            insertMutes,
            logins.map((login) => ({ roomId, login })),
          );
        else await tx.run(deleteMutes, { roomId, logins });
        if (self !== "") await notifyOtherServers(tx, self, { topic: "muted", data: roomId, now });
      },
      { repeatable: true },
    ),
});
