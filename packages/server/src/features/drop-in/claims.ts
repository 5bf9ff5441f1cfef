import { loggedInElsewhere } from "./refusal.js";

/** A page that wants to be the only connected one of its login name. */
export interface Claimant {
  /** The login name, with the room or exam to which the login is bound. */
  readonly page: string;
  /** Ids sort in the order in which logins were issued. */
  readonly loginId: string;
}

/** Which page holds each login name. */
export interface PageClaims {
  /**
   * Makes a page the only connected one of its login name. Calls `onDisplaced` when another page takes its place. A login that was issued
   * later displaces an earlier one, in whichever order they connect. With the same login, the page that connects last displaces the other
   * one.
   * @returns the function that releases the claim
   * @throws Refusal 304 while a page with a later login is connected
   */
  claim(claimant: Claimant, onDisplaced: () => void): Promise<() => void>;
}

/** Keeps the claims in memory, for one server. */
export const createMemoryClaims = (): PageClaims => {
  const claims = new Map<string, { readonly loginId: string; readonly onDisplaced: () => void }>();
  return {
    async claim({ page, loginId }, onDisplaced) {
      const current = claims.get(page);
      if (current && current.loginId > loginId) throw loggedInElsewhere();
      const claim = { loginId, onDisplaced };
      claims.set(page, claim);
      current?.onDisplaced();
      return () => {
        if (claims.get(page) === claim) claims.delete(page);
      };
    },
  };
};
