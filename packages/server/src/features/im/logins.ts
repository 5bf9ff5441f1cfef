import type { Camera } from "@invigil/schema";
import type { ActingCaller } from "../../domain/calls.js";
import type { ConfirmedRights, Opened } from "../../domain/opened.js";
import { type Principal, unauthenticated } from "../../identity/tokens.js";
import { forbidden } from "../../platform/errors.js";
import type { Ids } from "../../platform/ids.js";
import { IM_TOKEN_TTL_SECONDS } from "../../providers/aliyun/im-token.js";
import type { AccessService } from "../access/service.js";
import type { AuthService } from "../auth/service.js";
import type { LoginStore, StoredLogin } from "./logins-store.js";

/** A login to the built-in message service. */
export interface MessageLogin {
  /** Ids sort, as texts, in the order in which logins were issued. */
  readonly id: string;
  readonly userId: string;
  readonly camera: Camera;
  /** The caller who received the login: the person or an administrator. Its binding is at least as narrow as that of their token. */
  readonly holder: Principal;
  /** The login is not valid after this time, even if its signature says so. */
  readonly expiresAt: Date;
}

export interface CallerInRoom {
  readonly caller: Principal;
  readonly room: Opened<"room">;
}

export interface LoginServiceDeps {
  readonly store: LoginStore;
  readonly access: AccessService;
  readonly auth: Pick<AuthService, "endOf">;
  readonly clock: () => Date;
  readonly ids: Pick<Ids, "next">;
}

/** How many logins with the same page, holder and binding are stored. Only one of them is in use at a time. */
const MAX_STORED_LOGINS = 20;

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

export type LoginService = ReturnType<typeof createLoginService>;

/**
 * Logins to the built-in message service. A login has the access of the token for which it was issued. It ends with the session of the
 * token, or with the token if there is no session.
 */
export const createLoginService = ({ store, access, auth, clock, ids }: LoginServiceDeps) => {
  const hasEnded = () => unauthenticated("The message login has ended.");
  /** Returns the rights of a login's holder. @throws UNAUTHENTICATED */
  const rightsOf = async ({ holder, expiresAt }: MessageLogin, roomId?: string): Promise<ConfirmedRights> => {
    const rights =
      expiresAt <= clock()
        ? undefined
        : await access.confirm(holder, roomId === undefined ? undefined : "room", { roomId });
    if (rights === undefined || typeof rights === "string") throw hasEnded();
    return rights;
  };

  return {
    /** @throws UNAUTHENTICATED if the login, its session or its token has ended, or if the holder's account is disabled */
    check: async (login: MessageLogin): Promise<void> => void (await rightsOf(login)),
    /**
     * Stores a login before it is issued.
     * @param login.roomId the room for which the login is issued, if it is for another person than the holder
     * @returns the id, which the nonce of the login must contain
     */
    async open(
      holder: Principal,
      of: Opened<"messageLogin">,
      {
        userId,
        camera,
        roomId,
      }: { readonly userId: string; readonly camera: Camera; readonly roomId?: string | undefined },
    ): Promise<string> {
      const id = ids.next();
      const createdAt = clock();
      const maxEnd = createdAt.getTime() + IM_TOKEN_TTL_SECONDS * 1000;
      const end = auth.endOf(holder, of);
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
        expiresAt: new Date(Math.min(maxEnd, end.getTime())),
      };
      await store.add(login, MAX_STORED_LOGINS, holder);
      return id;
    },
    /** Returns undefined if the login is not stored. Use `check` to find out whether it is still valid. */
    async find(id: string): Promise<MessageLogin | undefined> {
      const row = await store.find(id);
      return row && toLogin(row);
    },
    /**
     * Returns the person as a caller in a room, and the room. The caller has only rights that both the person and the login's holder have there.
     * @param call counts for the room and its exam. Absent: nothing is counted
     * @throws UNAUTHENTICATED as `check` does and if the person's account is disabled, FORBIDDEN if either has no access to the room
     */
    async callerIn(
      login: MessageLogin,
      roomId: string,
      call?: Pick<ActingCaller, "origin" | "audited">,
    ): Promise<CallerInRoom> {
      const rights = await rightsOf(login, roomId);
      const { userId, expiresAt, holder } = login;
      const isOwn = userId === holder.userId;
      const seat = isOwn ? undefined : await access.seatIn(roomId, userId);
      const role = isOwn ? rights.roleInRoom : seat?.role;
      if (!role) throw forbidden(`The room ${roomId} is not open to you.`);
      // The same check as for calls of the API: the token's binding and, except for administrators, its role.
      const opened = await (call
        ? rights.open({ ...holder, ...call }, "room", { roomId })
        : rights.look(holder, "room", { roomId }));
      // The room may have ended for the person alone.
      const room: typeof opened = seat ? { ...opened, ...seat.room } : opened;
      if (!isOwn && (await access.isDisabled({ userId, role }))) throw hasEnded();
      const { roomId: boundTo, examId } = holder;
      const countedAs = { userId, roomId: boundTo, examId };
      return { caller: { userId, role, roomId, expiresAt, countedAs }, room };
    },
  };
};
