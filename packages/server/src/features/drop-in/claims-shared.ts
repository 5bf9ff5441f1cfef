import type { FastifyBaseLogger } from "fastify";
import { untilAvailable } from "../../storage/until-available.js";
import type { InstanceService } from "../instances/service.js";
import type { Claimant, PageClaims } from "./claims.js";
import type { ClaimStore, StoredClaim } from "./claims-store.js";
import { loggedInElsewhere } from "./refusal.js";

/** A claim of this server, whatever its id is at present. */
type OwnClaim = Omit<StoredClaim, "instance">;

export interface SharedClaimsDeps {
  readonly store: ClaimStore;
  readonly instances: InstanceService;
  readonly clock: () => Date;
  /** Creates the ids of connections. */
  readonly nonce: () => string;
  readonly log: FastifyBaseLogger;
}

/** Keeps the claims in the database, for several servers. */
export const createSharedClaims = ({ store, instances, clock, nonce, log }: SharedClaimsDeps): PageClaims => {
  /** The claims of this server, by connection. */
  const own = new Map<string, { readonly claim: OwnClaim; readonly onDisplaced: () => void }>();

  const displace = (connection: string): void => {
    const displaced = own.get(connection);
    own.delete(connection);
    displaced?.onDisplaced();
  };
  const release = (claim: OwnClaim): void => {
    if (!own.delete(claim.connection)) return;
    untilAvailable(() => store.release(claim)).catch((error: unknown) => {
      // The claim ends with the lease of this server at the latest.
      log.error({ err: error }, "the claim of a page was not released");
    });
  };
  const claimNow = async (claim: OwnClaim, yields: boolean): Promise<boolean> => {
    const instance = instances.id;
    const outcome = await store.claim({ ...claim, instance }, { now: clock(), yields });
    if (outcome === "refused") return false;
    if (outcome.displaced) displace(outcome.displaced.connection);
    // This server has begun again meanwhile, and others remove claims of the previous id.
    return instance === instances.id || claimNow(claim, true);
  };

  instances.onNotice("displaced", displace, () => own.size > 0);
  instances.onExpired((instance) => store.releaseAll(instance));
  // While this server was paused, others may have removed its claims and connected the same pages.
  instances.onRevived(async (previous) => {
    await Promise.all(
      [...own].map(async ([connection, { claim }]) => {
        if (!(await claimNow(claim, true))) displace(connection);
      }),
    );
    await store.releaseAll(previous);
  });

  return {
    async claim({ page, loginId }: Claimant, onDisplaced) {
      const claim = { page, loginId, connection: nonce() };
      // Noted first: the next claim may displace this one as soon as it is stored.
      own.set(claim.connection, { claim, onDisplaced });
      try {
        if (!(await claimNow(claim, false))) throw loggedInElsewhere();
      } catch (error) {
        own.delete(claim.connection);
        throw error;
      }
      return () => release(claim);
    },
  };
};
