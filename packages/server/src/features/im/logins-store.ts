import { and, asc, desc, eq, inArray, lte, sql } from "drizzle-orm";
import type { PruningClock } from "../../domain/pruning-clock.js";
import type { Writes } from "../../domain/writes.js";
import type { CountedCaller } from "../../identity/usage-key.js";
import type { Queries } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import { messageLogins } from "../../storage/tables.js";

/** A login as it is stored. */
export type StoredLogin = typeof messageLogins.$inferSelect;

/** The most logins that one call deletes for each reason. More than one, so that their number shrinks, and few, so that the write is short. */
const MAX_DELETED = 20;

const { id, userId, camera, holderId, roomId, examId, expiresAt } = messageLogins;

const insertLogin = insertion(messageLogins);
const loginById = statement(
  query
    .select()
    .from(messageLogins)
    .where(eq(id, param("id"))),
);
const deleteSuperseded = statement((dialect) => {
  const superseded = query
    .select({ id })
    .from(messageLogins)
    .where(
      and(
        eq(userId, param("userId")),
        eq(camera, param("camera")),
        eq(holderId, param("holderId")),
        sql`${roomId} IS NOT DISTINCT FROM ${param("roomId")}`,
        sql`${examId} IS NOT DISTINCT FROM ${param("examId")}`,
      ),
    )
    .orderBy(desc(dialect.insertionOrder(id)))
    .limit(MAX_DELETED)
    .offset(param("kept"));
  return query.delete(messageLogins).where(inArray(id, superseded));
});
/** Waits for no other transaction that deletes the same logins. So no two of them wait for each other. */
const deleteExpired = statement((dialect) => {
  const expired = query
    .select({ id })
    .from(messageLogins)
    .where(lte(expiresAt, param("now")))
    // The order makes PostgreSQL use the index. It would expect a third of the rows to have expired, and look for them in the table.
    .orderBy(asc(expiresAt))
    .limit(MAX_DELETED);
  return query.delete(messageLogins).where(inArray(id, dialect.unlocked(expired)));
});

export type LoginStore = ReturnType<typeof createLoginStore>;

export const createLoginStore = ({
  storage,
  writes,
  pruning,
}: {
  storage: Queries;
  writes: Writes;
  pruning: Pick<PruningClock, "last">;
}) => ({
  /**
   * Stores a login. Of the logins with the same page, holder and binding, only the newest `most` remain. Each call also deletes some
   * expired logins.
   */
  add: (login: StoredLogin, most: number, caller: CountedCaller): Promise<void> =>
    writes.unordered(
      { caller },
      async (tx) => {
        await tx.last(() =>
          Promise.all([
            tx.run(deleteSuperseded, { ...login, kept: most - 1 }),
            tx.insert(insertLogin, [login]),
            tx.run(deleteExpired, { now: pruning.last() }),
          ]),
        );
      },
      { repeatable: true },
    ),

  find: (wanted: string): Promise<StoredLogin | undefined> => storage.get(loginById, { id: wanted }),
});
