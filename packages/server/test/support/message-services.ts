import type { Deps } from "../../src/api/deps.js";
import type { MessageProvider, MessageProviders } from "../../src/providers/types.js";
import { providerFailed, VendorError, type VendorFault } from "../../src/providers/vendor-error.js";
import { outboxTasks } from "../../src/storage/tables.js";
import type { AppFixture } from "./app-fixture.js";
import { rowsOf } from "./tables.js";

// Message services with groups and members like those of vendors. Tests control how their calls end.

type Action = "create" | "delete" | "send" | "join" | "leave";
/** Decides how a call ends. `work` performs the call. */
export type Behaviour = (work: () => void, signal: AbortSignal | undefined) => Promise<void> | void;

const failure = (fault: VendorFault, code?: string) =>
  providerFailed("test", "action", new VendorError("from the test", { fault, code }));

export const works: Behaviour = (work) => work();
export const fails =
  (fault: VendorFault = "unavailable", code?: string): Behaviour =>
  () => {
    throw failure(fault, code);
  };
/** Performs the call, but the caller receives a timeout. */
export const worksWithoutAnswer: Behaviour = (work) => {
  work();
  throw failure("timeout");
};
/** Does not answer until the caller gives up. */
export const hangs: Behaviour = (_, signal) =>
  new Promise((_resolve, reject) => {
    const stop = () => reject(failure("timeout"));
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
  });
/** Holds all calls until the test releases them. */
export const held = (then: Behaviour = works): { behaviour: Behaviour; release: () => void } => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { behaviour: (work, signal) => released.then(() => then(work, signal)), release: () => release() };
};
/** Uses one behaviour for each call, and the last one for all later calls. */
export const inTurn = (...behaviours: readonly Behaviour[]): Behaviour => {
  let calls = 0;
  return (work, signal) => (behaviours[Math.min(calls++, behaviours.length - 1)] ?? works)(work, signal);
};

export interface TestService {
  readonly provider: MessageProvider<string>;
  /** The members of each existing group. */
  readonly groups: Map<string, Set<string>>;
  /** All calls in their order, such as `create g1` or `send g1 20000 {} a,b`. */
  readonly calls: string[];
  /** Sets how later calls end. */
  on(action: Action, behaviour: Behaviour): void;
  /** Resolves after this number of calls, of one action or of any. */
  called(times: number, action?: Action): Promise<void>;
}

export interface ServiceOptions {
  /** The ids with which the service names groups. It cannot delete them. */
  readonly chooses?: readonly string[];
  readonly keepsMembers?: true;
  /** Called with each call. */
  readonly onCall?: (call: string) => void;
}

export const createTestService = ({ chooses, keepsMembers, onCall }: ServiceOptions = {}): TestService => {
  const groups = new Map<string, Set<string>>();
  const calls: string[] = [];
  const behaviours = new Map<Action, Behaviour>();
  const ids = [...(chooses ?? [])];
  let waiting: (() => void)[] = [];

  const call = async (action: Action, about: string, work: () => void, signal?: AbortSignal) => {
    calls.push(`${action} ${about}`);
    onCall?.(`${action} ${about}`);
    for (const look of waiting) look();
    await (behaviours.get(action) ?? works)(work, signal);
  };
  const change = (groupId: string, userIds: readonly string[], how: "add" | "delete") => () => {
    for (const id of userIds) groups.get(groupId)?.[how](id);
  };

  return {
    groups,
    calls,
    on: (action, behaviour) => void behaviours.set(action, behaviour),
    called: (times, action) =>
      new Promise((resolve) => {
        const look = () => {
          const count = calls.filter((one) => action === undefined || one.startsWith(`${action} `)).length;
          if (count < times) return;
          waiting = waiting.filter((other) => other !== look);
          resolve();
        };
        waiting.push(look);
        look();
      }),
    provider: {
      ...(chooses && { choosesGroupIds: true as const }),
      async createGroup({ groupId: asked, members }, signal) {
        const groupId = chooses ? (ids.shift() ?? "none") : asked;
        await call("create", groupId, () => groups.set(groupId, new Set(members)), signal);
        return { groupId };
      },
      ...(!chooses && {
        deleteGroup: (groupId: string) => call("delete", groupId, () => groups.delete(groupId)),
      }),
      ...(keepsMembers && {
        members: {
          join: (groupId: string, userIds: readonly string[]) =>
            call("join", `${groupId} ${userIds.join()}`, change(groupId, userIds, "add")),
          leave: (groupId: string, userIds: readonly string[]) =>
            call("leave", `${groupId} ${userIds.join()}`, change(groupId, userIds, "delete")),
        },
      }),
      announce: ({ groupId, type, data, userIds }) =>
        call("send", [groupId, type, data, ...(userIds ? [userIds.join()] : [])].join(" "), () => undefined),
      issueToken: ({ userId }) => Promise.resolve(`token of ${userId}`),
    },
  };
};

type Services = { readonly [Service in keyof MessageProviders]?: TestService | undefined };

/** Returns the option of a world that replaces its message services. */
export const withServices =
  (services: Services) =>
  (deps: Deps): Deps => {
    const messages = Object.fromEntries(
      Object.entries(services).map(([name, service]) => [name, service?.provider]),
    );
    return {
      ...deps,
      providers: { ...deps.providers, messages: { ...deps.providers.messages, ...messages } },
    };
  };

/** Returns the pending tasks in the order in which they were written. */
export const tasksOf = ({ db }: Pick<AppFixture, "db">) => rowsOf(db, outboxTasks);
