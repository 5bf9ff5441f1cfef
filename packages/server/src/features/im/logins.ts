import type { Camera } from "@invigil/schema";
import { type Principal, unauthenticated } from "../../identity/tokens.js";
import { forbidden } from "../../platform/errors.js";
import type { Ids } from "../../platform/ids.js";
import { IM_TOKEN_TTL_SECONDS } from "../../providers/aliyun/im-token.js";
import type { AccessService } from "../access/service.js";
import type { AuthService } from "../auth/service.js";
import type { LoginStore, StoredLogin } from "./logins-store.js";

/** A login to the built-in message service: whose it is, and what it stands for. */
export interface MessageLogin {
  /** Greater, as text, than those of the logins that were issued before. */
  readonly id: string;
  readonly userId: string;
  readonly camera: Camera;
  /** The caller that it was issued to: the person themselves, or an administrator. Bound at least as narrowly as their token was. */
  readonly holder: Principal;
  /** No login is good after this, whatever its signature says. */
  readonly expiresAt: Date;
}

/**
 * Logins to the built-in message service. A login is as narrow as the token that it was issued to: it works where that
 * token works, and ends with the token's session, or with the token where it has none.
 */
export interface LoginService {
  /**
   * Keeps what a login stands for that is about to be issued.
   * @param login.roomId where the login is for another person than the holder: the room that it is for
   * @returns the id that its nonce has to carry
   */
  open(
    holder: Principal,
    login: { readonly userId: string; readonly camera: Camera; readonly roomId?: string | undefined },
  ): Promise<string>;
  /** Undefined where there is none, or no longer. Whether it is good now is `check`'s to say. */
  find(id: string): Promise<MessageLogin | undefined>;
  /** @throws UNAUTHENTICATED once the login, its session or its token has ended, or the holder's account is disabled */
  check(login: MessageLogin): Promise<void>;
  /**
   * The person as a caller in a room, with no more rights than both the person and the login's holder have there.
   * @throws UNAUTHENTICATED as `check` does, and where the person's account is disabled; FORBIDDEN where either has no place in the room
   */
  callerIn(login: MessageLogin, roomId: string): Promise<Principal>;
}

export interface LoginServiceDeps {
  readonly store: LoginStore;
  readonly access: AccessService;
  readonly auth: Pick<AuthService, "isGood" | "isDisabled" | "endOf">;
  readonly clock: () => Date;
  readonly ids: Pick<Ids, "next">;
}

/** Logins that are kept for one page by one holder in one place. Only one of them is in use at a time. */
const KEPT_LOGINS = 20;

const toLogin = (row: StoredLogin): MessageLogin => ({
  id: row.id,
  userId: row.userId,
  camera: row.camera,
  holder: {
    userId: row.holderId,
    role: row.holderRole,
    expiresAt: row.expiresAt,
    ...(row.roomId !== null && { roomId: row.roomId }),
    ...(row.examId !== null && { examId: row.examId }),
    ...(row.sessionId !== null && { sessionId: row.sessionId }),
    ...(row.tokenId !== null && { tokenId: row.tokenId }),
    ...(row.generation !== null && { generation: row.generation }),
  },
  expiresAt: row.expiresAt,
});

export const createLoginService = ({ store, access, auth, clock, ids }: LoginServiceDeps): LoginService => {
  const check: LoginService["check"] = async ({ holder, expiresAt }) => {
    if (expiresAt <= clock() || !(await auth.isGood(holder)))
      throw unauthenticated("The message login has ended.");
  };

  return {
    check,
    async open(holder, { userId, camera, roomId }) {
      const id = ids.next();
      const createdAt = clock();
      const longest = createdAt.getTime() + IM_TOKEN_TTL_SECONDS * 1000;
      const end = await auth.endOf(holder);
      const login = {
        id,
        userId,
        camera,
        holderId: holder.userId,
        holderRole: holder.role,
        roomId: holder.roomId ?? roomId ?? null,
        examId: holder.examId ?? null,
        sessionId: holder.sessionId ?? null,
        tokenId: holder.tokenId ?? null,
        generation: holder.generation ?? null,
        createdAt,
        expiresAt: new Date(Math.min(longest, end.getTime())),
      };
      await store.add(login, KEPT_LOGINS);
      return id;
    },
    async find(id) {
      const row = await store.find(id);
      return row && toLogin(row);
    },
    async callerIn(login, roomId) {
      await check(login);
      const { userId, holder, expiresAt } = login;
      const role = await access.roleIn(roomId, userId);
      if (!role) throw forbidden(`The room ${roomId} is not open to you.`);
      // Asked as every call is: the binding, and for all but administrators the role that the token says.
      await access.room(holder, roomId);
      if (userId !== holder.userId && (await auth.isDisabled({ userId, role })))
        throw unauthenticated("The message login has ended.");
      const { roomId: boundTo, examId } = holder;
      return { userId, role, roomId, expiresAt, countedAs: { userId, roomId: boundTo, examId } };
    },
  };
};
