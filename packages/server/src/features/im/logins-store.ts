import { and, eq, lte, sql } from "drizzle-orm";
import type { Database } from "../../storage/sqlite/client.js";
import { messageLogins } from "../../storage/tables.js";

/** A login as it is kept. */
export type StoredLogin = typeof messageLogins.$inferSelect;

export interface LoginStore {
  /**
   * Keeps a login. Of the same page, holder and binding the newest `most` stay; some of what has expired goes with
   * every new one.
   */
  add(login: StoredLogin, most: number): Promise<void>;
  find(id: string): Promise<StoredLogin | undefined>;
}

/** Expired logins that go with a new one: more than come, so that none stays for long, and no write takes long. */
const PRUNED_AT_ONCE = 20;

export const createLoginStore = ({ db: { queries, write, inserter } }: { db: Database }): LoginStore => {
  const { id, userId, camera, holderId, roomId, examId, createdAt, expiresAt } = messageLogins;
  const insert = inserter(messageLogins);
  const byId = queries
    .select()
    .from(messageLogins)
    .where(eq(id, sql.placeholder("id")))
    .prepare();
  const expired = queries
    .select({ id })
    .from(messageLogins)
    .where(lte(expiresAt, sql.placeholder("now")))
    .limit(PRUNED_AT_ONCE)
    .prepare();
  const remove = queries
    .delete(messageLogins)
    .where(eq(id, sql.placeholder("id")))
    .prepare();
  const ofPerson = queries
    .select({ id, roomId, examId, createdAt })
    .from(messageLogins)
    .where(
      and(
        eq(userId, sql.placeholder("userId")),
        eq(camera, sql.placeholder("camera")),
        eq(holderId, sql.placeholder("holderId")),
      ),
    )
    .prepare();

  /** Those of the same page, holder and binding, oldest first. */
  const alike = (login: StoredLogin): string[] =>
    ofPerson
      .all({ userId: login.userId, camera: login.camera, holderId: login.holderId })
      .filter((row) => row.roomId === login.roomId && row.examId === login.examId)
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
      .map((row) => row.id);

  return {
    add: (login, most) =>
      write(
        () => {
          const before = alike(login);
          const gone = before.slice(0, Math.max(0, before.length + 1 - most));
          for (const old of [
            ...gone,
            ...expired.all({ now: login.createdAt.getTime() }).map((row) => row.id),
          ])
            remove.run({ id: old });
          insert(login);
        },
        { repeatable: true },
      ),
    find: async (wanted) => byId.get({ id: wanted }),
  };
};
