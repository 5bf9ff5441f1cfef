import { and, eq, gt, sql } from "drizzle-orm";
import { notifyServer } from "../../domain/notices.js";
import type { Storage } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { instances, pageClaims } from "../../storage/tables.js";

/** The claim of a connection to a server. */
export type StoredClaim = typeof pageClaims.$inferSelect;

/** `refused`: a page with a later login is connected. Otherwise the claim that the page has displaced, if any. */
export type ClaimOutcome = "refused" | { readonly displaced: StoredClaim | undefined };

export interface ClaimStore {
  /**
   * Stores a claim, and notifies the server of the page that it displaces.
   * @param yields whether the page also yields to another page with the same login
   */
  claim(claim: StoredClaim, options: { readonly now: Date; readonly yields: boolean }): Promise<ClaimOutcome>;
  release(claim: StoredClaim): Promise<void>;
  /** Removes the claims of a server. */
  releaseAll(instance: string): Promise<void>;
}

const claimOfPage = statement(
  query
    .select()
    .from(pageClaims)
    .where(eq(pageClaims.page, param("page"))),
);
const runningInstance = statement(
  query
    .select({ id: instances.id })
    .from(instances)
    .where(and(eq(instances.id, param("instance")), gt(instances.leaseUntil, param("now")))),
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

export const createClaimStore = ({ storage }: { storage: Storage }): ClaimStore => ({
  claim: (claim, { now, yields }) =>
    storage.write(
      async (tx): Promise<ClaimOutcome> => {
        await tx.lockName(`page ${claim.page}`);
        const current = await tx.get(claimOfPage, claim);
        const isOther = current !== undefined && current.connection !== claim.connection;
        if (isOther && (await tx.get(runningInstance, { instance: current.instance, now }))) {
          const wins = yields ? claim.loginId > current.loginId : claim.loginId >= current.loginId;
          if (!wins) return "refused";
          if (current.instance !== claim.instance)
            await notifyServer(tx, current.instance, { topic: "displaced", data: current.connection, now });
        }
        await tx.run(writeClaim, claim);
        return { displaced: isOther ? current : undefined };
      },
      { share: { caller: claim.page } },
    ),
  release: async (claim) => {
    const share = { caller: claim.page };
    await storage.write((tx) => tx.run(deleteClaim, claim), { share, continues: true });
  },
  releaseAll: async (instance) => {
    await storage.write((tx) => tx.run(deleteClaims, { instance }));
  },
});
