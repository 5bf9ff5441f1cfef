import { and, eq, getTableColumns, gt, sql } from "drizzle-orm";
import type { Storage } from "../storage/port.js";
import { param, query, statement } from "../storage/statement.js";
import { instances, pageClaims } from "../storage/tables.js";
import { notifyServers } from "./instances-table.js";
import { type ClaimOutcome, displaces, type HeldClaims } from "./page-claims.js";

/** The claim of a page, and its server if that is running. */
const claimOfPage = statement(
  query
    .select({ claim: getTableColumns(pageClaims), running: instances.id })
    .from(pageClaims)
    .leftJoin(instances, and(eq(instances.id, pageClaims.instance), gt(instances.leaseUntil, param("now"))))
    .where(eq(pageClaims.page, param("page"))),
);
const writeClaim = statement(
  query
    .insert(pageClaims)
    .values({
      page: param("page"),
      loginId: param("loginId"),
      instance: param("instance"),
      connection: param("connection"),
    })
    .onConflictDoUpdate({
      target: pageClaims.page,
      set: {
        loginId: sql`excluded.login_id`,
        instance: sql`excluded.instance`,
        connection: sql`excluded.connection`,
      },
    }),
);
const deleteClaim = statement(
  query
    .delete(pageClaims)
    .where(and(eq(pageClaims.page, param("page")), eq(pageClaims.connection, param("connection")))),
);
const deleteClaims = statement(query.delete(pageClaims).where(eq(pageClaims.instance, param("instance"))));

/** Holds the claims of all servers. */
export const createStoredClaims = ({ storage }: { storage: Storage }): HeldClaims => ({
  claim: (claim, { now, yields }) =>
    storage.write(
      async (tx): Promise<ClaimOutcome> => {
        const [, found] = await Promise.all([
          tx.lockName(`page ${claim.page}`),
          tx.get(claimOfPage, { ...claim, now }),
        ]);
        const other = found?.claim.connection === claim.connection ? undefined : found;
        const displaced = other?.claim;
        const isConnected = displaced !== undefined && other?.running !== null;
        if (isConnected && !displaces(claim, displaced, yields)) return "refused";
        await tx.last(async () => {
          const writing: Promise<unknown>[] = [tx.run(writeClaim, claim)];
          const { instance, connection: data } = displaced ?? claim;
          if (isConnected && instance !== claim.instance)
            writing.push(notifyServers(tx, [instance], { topic: "displaced", data, now }));
          await Promise.all(writing);
        });
        return { displaced };
      },
      { share: { caller: claim.page } },
    ),
  release: async (claim) => {
    const share = { caller: claim.page };
    await storage.write((tx) => tx.last(() => tx.run(deleteClaim, claim)), { share, continues: true });
  },
  releaseAll: async (instance) => {
    await storage.write((tx) => tx.last(() => tx.run(deleteClaims, { instance })));
  },
});
