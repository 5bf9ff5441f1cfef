import { and, eq, inArray, sql } from "drizzle-orm";
import { EVERYBODY } from "../../domain/messages.js";
import type { Database } from "../../storage/sqlite/client.js";
import { mutes } from "../../storage/tables.js";

/** Who is muted in a room. */
export interface Muted {
  readonly everybody: boolean;
  /** In the order of their names. */
  readonly logins: readonly string[];
}

export interface MuteStore {
  muted(roomId: string): Promise<Muted>;
  /** Without `logins` everybody at once: those who are muted by name stay so. */
  change(change: {
    readonly roomId: string;
    readonly muted: boolean;
    readonly logins: readonly string[] | undefined;
  }): Promise<void>;
}

export const createMuteStore = ({ db: { queries, write, remember } }: { db: Database }): MuteStore => {
  const ofRoom = queries
    .select({ login: mutes.login })
    .from(mutes)
    .where(eq(mutes.roomId, sql.placeholder("roomId")))
    .orderBy(mutes.login)
    .prepare();
  const muted = remember((roomId: string): Muted => {
    const logins = ofRoom.all({ roomId }).map(({ login }) => login);
    return { everybody: logins.includes(EVERYBODY), logins: logins.filter((login) => login !== EVERYBODY) };
  });
  return {
    muted: async (roomId) => muted(roomId),
    change: ({ roomId, muted: isMuted, logins = [EVERYBODY] }) =>
      write(
        () => {
          if (isMuted)
            queries
              .insert(mutes)
              .values(logins.map((login) => ({ roomId, login })))
              .onConflictDoNothing()
              .run();
          else
            queries
              .delete(mutes)
              .where(and(eq(mutes.roomId, roomId), inArray(mutes.login, [...logins])))
              .run();
        },
        { repeatable: true },
      ),
  };
};
