import type { ImServer, ProviderDetails } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import pLimit from "p-limit";
import { StreamNameTaken } from "../../domain/people.js";
import { GroupsUndone } from "../../domain/vendor-tasks.js";
import { InvigilError } from "../../platform/errors.js";
import type { MessageProvider, MessageProviders } from "../../providers/types.js";
import { providerFailed, VendorError } from "../../providers/vendor-error.js";
import type { GroupStore } from "./store.js";

/** A room whose groups are to be made. */
export interface NewRoomGroups {
  /** The id that the room gets, unless a service chooses it. */
  readonly roomId: string;
  readonly name: string;
  readonly creatorId: string;
  readonly imServer: readonly ImServer[];
  /** Everybody in the room, the creator too, once its id is known. */
  readonly members: (roomId: string) => readonly string[];
}

/** What the transaction that writes the rooms needs. */
export interface OpenGroups {
  /** The rooms' ids, in the order in which they were asked for. */
  readonly roomIds: readonly string[];
  /** The tasks that would delete the groups. The transaction cancels them (`TaskLog.keepGroups`). */
  readonly undo: readonly string[];
}

export interface GroupService {
  /**
   * Makes the groups of rooms at all their services, and then has the rooms written. When either fails, all that was
   * made is undone, also after a crash. A room's groups have one time-out together; none is begun after a failure.
   * @throws PROVIDER_NOT_CONFIGURED, PROVIDER_FAILED, and what `write` throws
   */
  open<T>(rooms: readonly NewRoomGroups[], write: (open: OpenGroups) => Promise<T>): Promise<T>;
  /**
   * Puts a login into the groups of a room in progress, at those of these services that keep members.
   * @throws PROVIDER_FAILED
   */
  join(roomId: string, login: string, services: ReadonlySet<ImServer>): Promise<void>;
}

export interface GroupServiceDeps {
  readonly store: GroupStore;
  readonly messages: MessageProviders;
  readonly clock: () => Date;
  readonly timeoutMs: number;
  readonly log: FastifyBaseLogger;
}

/** Rooms whose groups are made at a time. */
const AT_ONCE = 8;
/** Who made groups and has not written their room this long after all its time-outs has crashed. */
const UNDO_AFTER_MS = 120_000;

/** A service's groups are named by others, too, when letters and digits are all there is in its ids. */
const ANY_SERVICE = /^[A-Za-z0-9]{1,64}$/;
const ONE_SERVICE = /^[A-Za-z0-9_-]{1,64}$/;

/** After these the service has not done what it was asked for, and will not. */
const CERTAIN: readonly (ProviderDetails["fault"] | undefined)[] = ["refused", "throttled", "paused"];
const mayStillHappen = (error: unknown): boolean =>
  !(error instanceof InvigilError && CERTAIN.includes(error.details?.fault));

interface Service {
  readonly name: ImServer;
  readonly provider: MessageProvider<unknown>;
}

/** What was begun for one call, and how it can be undone. */
interface Begun {
  readonly undo: string[];
  /** Services that may still make the group after it was deleted. */
  readonly uncertain: { readonly id: string; readonly imServer: readonly ImServer[] }[];
}

/** Ends after some time, or with another signal. */
const createTime = (ms: number, outer: AbortSignal) => {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const timer = setTimeout(end, ms);
  if (outer.aborted) end();
  outer.addEventListener("abort", end, { once: true });
  return {
    signal: ending.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      outer.removeEventListener("abort", end);
    },
  };
};

export const createGroupService = ({
  store,
  messages,
  clock,
  timeoutMs,
  log,
}: GroupServiceDeps): GroupService => {
  const servicesOf = (imServer: readonly ImServer[]): Service[] =>
    imServer.map((name) => {
      const provider = messages[name];
      if (provider) return { name, provider };
      throw new InvigilError("PROVIDER_NOT_CONFIGURED", `The message service ${name} is not configured.`);
    });

  /** The id that a service chose for a room, if it can be one for the services that come after it. */
  const chosenId = async (chooser: Service, groupId: string, others: number): Promise<string> => {
    const fits = (others > 0 ? ANY_SERVICE : ONE_SERVICE).test(groupId);
    if (fits && !(await store.room(groupId))) return groupId;
    const why = fits ? "is a room's already" : "cannot name a room, or not at every service asked for";
    const error = new VendorError(`the group's id ${why}`, { fault: "unreadable" });
    throw providerFailed(chooser.name, "createGroup", error);
  };

  const openOne = async (
    { roomId, name, creatorId, members }: NewRoomGroups,
    services: readonly Service[],
    { begun, dueAt, ending }: { begun: Begun; dueAt: Date; ending: AbortController },
  ): Promise<string> => {
    using time = createTime(timeoutMs, ending.signal);
    const create = ({ provider }: Service, groupId: string) =>
      provider.createGroup({ groupId, name, creatorId, members: members(groupId) }, time.signal);

    // One that chooses ids comes first: the others' groups are named like it, and so is the room.
    const chooser = services.find(({ provider }) => provider.choosesGroupIds);
    const others = services.filter((service) => service !== chooser);
    const id = chooser
      ? await chosenId(chooser, (await create(chooser, roomId)).groupId, others.length)
      : roomId;
    const imServer = services.map((service) => service.name);
    if (services.some(({ provider }) => provider.deleteGroup))
      begun.undo.push(...(await store.prepareUndo({ id, imServer }, { dueAt, now: clock() })));

    await Promise.all(
      others.map(async (service) => {
        try {
          await create(service, id);
        } catch (error) {
          if (mayStillHappen(error)) begun.uncertain.push({ id, imServer: [service.name] });
          ending.abort(error);
        }
      }),
    );
    ending.signal.throwIfAborted();
    return id;
  };

  const openAll = async (rooms: readonly NewRoomGroups[], begun: Begun): Promise<string[]> => {
    const asked = rooms.map((room) => ({ room, services: servicesOf(room.imServer) }));
    const now = clock().getTime();
    const rounds = Math.ceil(rooms.length / AT_ONCE) + 1;
    const dueAt = new Date(now + UNDO_AFTER_MS + rounds * timeoutMs);
    // The first failure is the reason for which it is aborted.
    const ending = new AbortController();
    const ids = await pLimit(AT_ONCE).map(asked, async ({ room, services }) => {
      // All of them are waited for: what the others have begun is known only then.
      if (ending.signal.aborted) return "";
      try {
        return await openOne(room, services, { begun, dueAt, ending });
      } catch (error) {
        ending.abort(error);
        return "";
      }
    });
    ending.signal.throwIfAborted();
    return ids;
  };

  const undo = async ({ undo: taskIds, uncertain }: Begun): Promise<void> => {
    if (taskIds.length === 0) return;
    const now = clock();
    const againAt = new Date(now.getTime() + UNDO_AFTER_MS);
    await store
      .undo(taskIds, { now, again: uncertain, againAt })
      // They are due in a while by themselves.
      .catch((error: unknown) => log.error({ err: error }, "message groups are undone later"));
  };

  return {
    async open(rooms, write) {
      const once = async () => {
        const begun: Begun = { undo: [], uncertain: [] };
        try {
          const roomIds = await openAll(rooms, begun);
          return await write({ roomIds, undo: begun.undo });
        } catch (error) {
          await undo(begun);
          throw error;
        }
      };
      const isNamedElsewhere = rooms.some(({ imServer }) =>
        imServer.some((name) => messages[name]?.choosesGroupIds),
      );
      try {
        return await once().catch((error: unknown) => {
          if (!(error instanceof StreamNameTaken && isNamedElsewhere)) throw error;
          // The service chose the room's id, and chooses another for another group.
          log.warn(
            { roomId: error.person.roomId },
            "a message group is left unused: its id made a stream's name twice",
          );
          return once();
        });
      } catch (error) {
        if (!(error instanceof GroupsUndone)) throw error;
        throw new InvigilError(
          "PROVIDER_FAILED",
          "The message groups were not ready in time: nothing was made.",
          { cause: error },
        );
      }
    },

    async join(roomId, login, services) {
      const keepers = [...services].flatMap((name) => {
        const { members } = messages[name] ?? {};
        return members ? [{ name, members }] : [];
      });
      if (keepers.length === 0) return;
      const room = await store.room(roomId);
      if (room?.status !== "in_progress") return;
      await Promise.all(
        keepers
          .filter(({ name }) => room.imServer.includes(name))
          .map(({ members }) => members.join(roomId, [login])),
      );
    },
  };
};
