import { and, asc, eq, lte } from "drizzle-orm";
import type { Share, Storage } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import { messageLogins } from "../../storage/tables.js";

/** A login as it is stored. */
export type StoredLogin = typeof messageLogins.$inferSelect;

export interface LoginStore {
  /**
   * Stores a login. Of the logins with the same page, holder and binding, only the newest `most` remain. Each call also deletes some
   * expired logins.
   */
  add(login: StoredLogin, most: number, share: Share): Promise<void>;
  find(id: string): Promise<StoredLogin | undefined>;
}

/** The most expired logins that one call deletes. More than one, so that their number shrinks, and few, so that the write is short. */
const MAX_DELETED = 20;

const { id, userId, camera, holderId, roomId, examId, createdAt, expiresAt } = messageLogins;

const insertLogin = insertion(messageLogins);
const loginById = statement(
  query
    .select()
    .from(messageLogins)
    .where(eq(id, param("id"))),
);
const expiredLogins = statement(
  query
    .select({ id })
    .from(messageLogins)
    .where(lte(expiresAt, param("now")))
    // The order makes PostgreSQL use the index. It would expect a third of the rows to have expired, and look for them in the table.
    .orderBy(asc(expiresAt))
    .limit(MAX_DELETED),
);
const loginsOfPage = statement(
  query
    .select({ id, roomId, examId, createdAt })
    .from(messageLogins)
    .where(and(eq(userId, param("userId")), eq(camera, param("camera")), eq(holderId, param("holderId")))),
);
const deleteLogins = statement((dialect) => query.delete(messageLogins).where(dialect.isAnyOf(id, "ids")));

export const createLoginStore = ({ storage }: { storage: Storage }): LoginStore => ({
  add: (login, most, share) =>
    storage.write(
      async (tx) => {
        const sameBinding = (await tx.all(loginsOfPage, login))
          .filter((other) => other.roomId === login.roomId && other.examId === login.examId)
          .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
        const superseded = sameBinding.slice(0, Math.max(0, sameBinding.length + 1 - most));
        const expired = await tx.all(expiredLogins, { now: login.createdAt });
        const ids = [...superseded, ...expired].map((old) => old.id);
        if (ids.length > 0) await tx.run(deleteLogins, { ids });
        await tx.insert(insertLogin, [login]);
      },
      { repeatable: true, share },
    ),

  find: (wanted) => storage.get(loginById, { id: wanted }),
});
