import type { FastifyBaseLogger } from "fastify";
import type { pageClaims } from "../storage/tables.js";
import { untilAvailable } from "../storage/until-available.js";
import type { Instances } from "./instances.js";

/** A page that wants to be the only connected one of its login name. */
export interface Claimant {
  /** The login name, with the room or exam to which the login is bound. */
  readonly page: string;
  /** Ids sort in the order in which logins were issued. */
  readonly loginId: string;
}

/** The claim of a connection to a server. */
export type StoredClaim = typeof pageClaims.$inferSelect;

/** `refused`: a page with a later login is connected. Otherwise the claim that the page has displaced, if any. */
export type ClaimOutcome = "refused" | { readonly displaced: StoredClaim | undefined };

/** Holds the claims, in memory or in a table. */
export interface HeldClaims {
  /**
   * Stores a claim, and notifies the server of the page that it displaces.
   * @param yields whether the page also yields to another page with the same login
   */
  claim(claim: StoredClaim, options: { readonly now: Date; readonly yields: boolean }): Promise<ClaimOutcome>;
  release(claim: Pick<StoredClaim, "page" | "connection">): Promise<void>;
  /** Removes the claims of a server. */
  releaseAll(instance: string): Promise<void>;
}

/** Whether a page takes the place of the connected one that holds its login name. */
export const displaces = (claim: Claimant, held: Claimant, yields: boolean): boolean =>
  yields ? claim.loginId > held.loginId : claim.loginId >= held.loginId;

/** Holds the claims of the only server. */
export const createMemoryClaims = (): HeldClaims => {
  const claims = new Map<string, StoredClaim>();
  return {
    async claim(claim, { yields }) {
      const displaced = claims.get(claim.page);
      if (displaced && !displaces(claim, displaced, yields)) return "refused";
      claims.set(claim.page, claim);
      return { displaced };
    },
    async release({ page, connection }) {
      if (claims.get(page)?.connection === connection) claims.delete(page);
    },
    releaseAll: async () => undefined,
  };
};

/** A claim of this server, under its current id. */
type OwnClaim = Omit<StoredClaim, "instance">;

export interface PageClaimsDeps {
  readonly held: HeldClaims;
  readonly instances: Instances;
  readonly clock: () => Date;
  /** Creates the ids of connections. */
  readonly nonce: () => string;
  readonly log: FastifyBaseLogger;
}

export type PageClaims = ReturnType<typeof createPageClaims>;

/** Which page holds each login name. */
export const createPageClaims = ({ held, instances, clock, nonce, log }: PageClaimsDeps) => {
  /** The claims of this server, by connection. */
  const own = new Map<string, { readonly claim: OwnClaim; readonly onDisplaced: () => void }>();

  const displace = (connection: string): void => {
    const displaced = own.get(connection);
    own.delete(connection);
    displaced?.onDisplaced();
  };
  const release = (claim: OwnClaim): void => {
    if (!own.delete(claim.connection)) return;
    untilAvailable(() => held.release(claim)).catch((error: unknown) => {
      // The claim ends with the lease of this server at the latest.
      log.error({ err: error }, "the claim of a page was not released");
    });
  };
  const claimNow = async (claim: OwnClaim, yields: boolean): Promise<boolean> => {
    const instance = instances.id;
    const outcome = await held.claim({ ...claim, instance }, { now: clock(), yields });
    if (outcome === "refused") return false;
    if (outcome.displaced) displace(outcome.displaced.connection);
    // This server has got a new id in between, and others remove claims of the previous id.
    return instance === instances.id || claimNow(claim, true);
  };

  instances.onNotice("displaced", displace, () => own.size > 0);
  instances.onExpired((instance) => held.releaseAll(instance));
  // While this server was paused, others may have removed its claims and connected the same pages.
  instances.onRevived(async (previous) => {
    await Promise.all(
      [...own].map(async ([connection, { claim }]) => {
        if (!(await claimNow(claim, true))) displace(connection);
      }),
    );
    await held.releaseAll(previous);
  });

  return {
    /**
     * Makes a page the only connected one of its login name. Calls `onDisplaced` when another page takes its place. A login that was issued
     * later displaces an earlier one, in whichever order they connect. With the same login, the page that connects last displaces the other
     * one.
     * @returns the function that releases the claim; undefined while a page with a later login is connected
     */
    async claim({ page, loginId }: Claimant, onDisplaced: () => void): Promise<(() => void) | undefined> {
      const claim = { page, loginId, connection: nonce() };
      // Noted first: the next claim may displace this one as soon as it is stored.
      own.set(claim.connection, { claim, onDisplaced });
      try {
        if (await claimNow(claim, false)) return () => release(claim);
      } catch (error) {
        own.delete(claim.connection);
        throw error;
      }
      own.delete(claim.connection);
      return undefined;
    },
  };
};
