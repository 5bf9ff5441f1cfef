import type { DropInLogin, DropInPosition } from "@invigil/schema";
import { socketUrl } from "./app-sign.js";
import { Emitter } from "./emitter.js";
import { ImErrors, imError } from "./errors.js";
import { GroupManager, groupInfos, MessageManager } from "./managers.js";
import { createSession, type Session } from "./session.js";

/** The `auth` and `appToken` of `getIMToken`, with the names of the SDK. */
interface ImAuth {
  readonly nonce: string;
  readonly timestamp: number;
  readonly role?: string | undefined;
  readonly token: string;
}
interface ImLoginReq {
  readonly user: { readonly userId: string };
  readonly userAuth: ImAuth;
}
interface ImSdkConfig {
  readonly appId: string;
  readonly appSign: string;
}

const LOGGED_OUT = 1;

let instance: ImEngine | undefined;

/**
 * The `ImEngine` class of the vendor's message SDK, connected to the built-in message service of an Invigil
 * server. It emits `connecting`, `connectsuccess`, `connectfailed(error)`, `disconnect(code)`,
 * `tokenexpired(callback)` and `reconnectsuccess(groups)`.
 */
export class ImEngine extends Emitter {
  #app: { readonly appId: string; readonly url: string } | undefined;
  #session: Session | undefined;
  #userId = "";
  /** The position of the page in each group. */
  readonly #positions = new Map<string, DropInPosition>();
  readonly #groups: GroupManager;
  readonly #messages: MessageManager;

  /** Returns the one engine of the page. */
  static createEngine(): ImEngine {
    instance ??= new ImEngine();
    return instance;
  }

  constructor() {
    super();
    const session = (): Session => {
      if (!this.#session) throw imError(ImErrors.ERROR_NOT_LOGIN, "not login");
      return this.#session;
    };
    this.#groups = new GroupManager(session);
    this.#messages = new MessageManager(session, () => [...this.#positions.keys()].pop());
  }

  async init({ appId, appSign }: ImSdkConfig): Promise<void> {
    const url = socketUrl(appSign);
    for (const emitter of [this, this.#groups, this.#messages]) emitter.reset();
    this.#app = { appId: String(appId), url };
  }

  async login({ user, userAuth }: ImLoginReq): Promise<void> {
    const app = this.#app;
    if (!app) throw imError(ImErrors.ERROR_INVALID_STATE, "not init");
    this.#session?.close();
    const userId = String(user.userId);
    // The positions belong to the previous person.
    if (userId !== this.#userId) this.#positions.clear();
    this.#userId = userId;
    const loginWith = ({ nonce, timestamp, role, token }: ImAuth): DropInLogin => ({
      appId: app.appId,
      appToken: token,
      auth: { userId, nonce, timestamp: Number(timestamp), role: role === "admin" ? "admin" : "" },
    });
    const session = createSession({
      url: app.url,
      login: loginWith(userAuth),
      positions: this.#positions,
      onMessage: (message, isDirect) =>
        isDirect
          ? this.#messages.emit("recvc2cmessage", message)
          : this.#messages.emit("recvgroupmessage", message, message.groupId),
      onMuted: (status) => this.#groups.emit("mutechange", status.groupId, { ...status, whiteUserList: [] }),
      onLost: () => this.emit("connecting"),
      onReconnected: (groups) => this.emit("reconnectsuccess", groupInfos(groups)),
      onExpired: (renew) => {
        const isHandled = this.emit("tokenexpired", (error: unknown, auth?: ImAuth) =>
          renew(!error && auth ? loginWith(auth) : undefined),
        );
        if (!isHandled) renew();
      },
      onEnd: (code) => {
        if (this.#session === session) this.#session = undefined;
        this.emit("disconnect", code);
      },
    });
    this.#session = session;
    this.emit("connecting");
    try {
      await session.open();
    } catch (error) {
      session.close();
      if (this.#session === session) this.#session = undefined;
      this.emit("connectfailed", error);
      throw error;
    }
    this.emit("connectsuccess");
  }

  async logout(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#userId = "";
    this.#positions.clear();
    session?.close();
    if (session) this.emit("disconnect", LOGGED_OUT);
  }

  unInit(): boolean {
    void this.logout();
    this.#app = undefined;
    return true;
  }

  isLogin(): boolean {
    return this.#session !== undefined;
  }

  getCurrentUserId(): string {
    return this.#userId;
  }

  getMessageManager(): MessageManager {
    return this.#messages;
  }

  getGroupManager(): GroupManager {
    return this.#groups;
  }
}
