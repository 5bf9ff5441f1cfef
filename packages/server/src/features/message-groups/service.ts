import type { ImServer, ProviderDetails } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import pLimit from "p-limit";
import { StreamNameTaken } from "../../domain/people.js";
import { GroupsLeaving, GroupsUndone, type RoomOfGroups } from "../../domain/vendor-tasks.js";
import type { CountedCaller } from "../../identity/usage-key.js";
import { InvigilError } from "../../platform/errors.js";
import type { MessageProvider, MessageProviders } from "../../providers/types.js";
import { providerFailed, VendorError } from "../../providers/vendor-error.js";
import type { GroupStore } from "./store.js";

/** A room that needs groups. */
export interface NewRoomGroups {
  /** The exam of the room. */
  readonly examId: string;
  /** The id of the room, unless a service chooses it. */
  readonly roomId: string;
  readonly name: string;
  readonly creatorId: string;
  readonly imServer: readonly ImServer[];
  /** The logins of all people in the room, including the creator. Called once the room's id is known. */
  readonly members: (roomId: string) => readonly string[];
  readonly caller: CountedCaller;
}

/** The groups that were created, for the transaction that writes their rooms. */
export interface OpenGroups {
  /** The ids of the rooms, in the order of the request. */
  readonly roomIds: readonly string[];
  /** The tasks that delete the groups. The transaction must cancel them (`TaskLog.keepGroups`). */
  readonly undo: readonly string[];
}

export interface GroupServiceDeps {
  readonly store: GroupStore;
  readonly messages: MessageProviders;
  readonly clock: () => Date;
  readonly timeoutMs: number;
  readonly log: FastifyBaseLogger;
}

/** The number of rooms whose groups are created at the same time. */
const CONCURRENT_ROOMS = 8;
/** The groups are deleted if their rooms are not written within this time after all timeouts, because the process must have crashed. */
const UNDO_AFTER_MS = 120_000;

/** Ids that every service accepts: only letters and digits. */
const ID_FOR_ANY_SERVICE = /^[A-Za-z0-9]{1,64}$/;
/** Ids that can name a room, if no other service has to accept them. */
const ID_FOR_ONE_SERVICE = /^[A-Za-z0-9_-]{1,64}$/;

/** After these faults, the service has not performed the call and will not perform it. */
const DEFINITE_FAULTS: readonly (ProviderDetails["fault"] | undefined)[] = ["refused", "throttled", "paused"];
const mayStillSucceed = (error: unknown): boolean =>
  !(error instanceof InvigilError && DEFINITE_FAULTS.includes(error.details?.fault));

const groupsLeaving = (roomId: string, cause: Error) =>
  new InvigilError(
    "EXAM_CONFLICT",
    `The message groups of the room ${roomId} are being deleted. Reopen it again in a minute.`,
    { cause },
  );

interface Service {
  readonly name: ImServer;
  readonly provider: MessageProvider<unknown>;
}

/** The groups that one call has created or may have created. */
interface CreatedGroups {
  /** The exam of all rooms of the call. */
  readonly examId: string;
  /** The tasks that delete the groups. */
  readonly undo: string[];
  /** Services that may still create a group after its deletion, because their call has no known outcome. */
  readonly uncertain: RoomOfGroups[];
}

/** Makes a signal that is aborted after some time, or with another signal. */
const createTimeout = (ms: number, outer: AbortSignal) => {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  if (outer.aborted) abort();
  outer.addEventListener("abort", abort, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      outer.removeEventListener("abort", abort);
    },
  };
};

export type GroupService = ReturnType<typeof createGroupService>;

export const createGroupService = ({ store, messages, clock, timeoutMs, log }: GroupServiceDeps) => {
  const servicesOf = (imServer: readonly ImServer[]): Service[] =>
    imServer.map((name) => {
      const provider = messages[name];
      if (provider) return { name, provider };
      throw new InvigilError("PROVIDER_NOT_CONFIGURED", `The message service ${name} is not configured.`);
    });

  /** Checks the id that a service chose for a room, which the other services must accept too. */
  const checkChosenId = async (chooser: Service, groupId: string, others: number): Promise<string> => {
    const fits = (others > 0 ? ID_FOR_ANY_SERVICE : ID_FOR_ONE_SERVICE).test(groupId);
    if (fits && !(await store.hasRoom(groupId))) return groupId;
    const why = fits ? "is already the id of a room" : "cannot be the id of a room at all requested services";
    const error = new VendorError(`the group's id ${why}`, { fault: "unreadable" });
    throw providerFailed(chooser.name, "createGroup", error);
  };

  const openOne = async (
    { examId, roomId, name, creatorId, members, caller }: NewRoomGroups,
    services: readonly Service[],
    { created, dueAt, controller }: { created: CreatedGroups; dueAt: Date; controller: AbortController },
  ): Promise<string> => {
    using timeout = createTimeout(timeoutMs, controller.signal);
    const create = ({ provider }: Service, groupId: string) =>
      provider.createGroup({ groupId, name, creatorId, members: members(groupId) }, timeout.signal);

    // A service that chooses ids comes first, because the room and the other groups get the same id.
    const chooser = services.find(({ provider }) => provider.choosesGroupIds);
    const others = services.filter((service) => service !== chooser);
    const id = chooser
      ? await checkChosenId(chooser, (await create(chooser, roomId)).groupId, others.length)
      : roomId;
    const imServer = services.map((service) => service.name);
    if (services.some(({ provider }) => provider.deleteGroup))
      created.undo.push(
        ...(await store.prepareUndo({ examId, id, imServer }, { dueAt, now: clock() }, caller)),
      );

    await Promise.all(
      others.map(async (service) => {
        try {
          await create(service, id);
        } catch (error) {
          if (mayStillSucceed(error)) created.uncertain.push({ examId, id, imServer: [service.name] });
          controller.abort(error);
        }
      }),
    );
    controller.signal.throwIfAborted();
    return id;
  };

  const openAll = async (rooms: readonly NewRoomGroups[], created: CreatedGroups): Promise<string[]> => {
    const requests = rooms.map((room) => ({ room, services: servicesOf(room.imServer) }));
    const now = clock().getTime();
    const rounds = Math.ceil(rooms.length / CONCURRENT_ROOMS) + 1;
    const dueAt = new Date(now + UNDO_AFTER_MS + rounds * timeoutMs);
    // The first failure is the reason of the abort.
    const controller = new AbortController();
    const ids = await pLimit(CONCURRENT_ROOMS).map(requests, async ({ room, services }) => {
      // Errors do not leave this function: all rooms must end first, so that `created` is complete.
      if (controller.signal.aborted) return "";
      try {
        return await openOne(room, services, { created, dueAt, controller });
      } catch (error) {
        controller.abort(error);
        return "";
      }
    });
    controller.signal.throwIfAborted();
    return ids;
  };

  const undo = async ({ examId, undo: taskIds, uncertain }: CreatedGroups): Promise<void> => {
    if (taskIds.length === 0) return;
    const now = clock();
    const againAt = new Date(now.getTime() + UNDO_AFTER_MS);
    await store
      .undo(examId, taskIds, { now, again: uncertain, againAt })
      // The tasks become due later without this.
      .catch((error: unknown) =>
        log.error({ err: error }, "message groups could not be deleted at once; they will be deleted later"),
      );
  };

  return {
    /**
     * Creates the groups of rooms at all their services, and then calls `write` for the rooms. If either fails, the groups are deleted, even
     * after a crash. The groups of a room share one timeout. After a failure, no more groups are created.
     * @throws PROVIDER_NOT_CONFIGURED, PROVIDER_FAILED, and what `write` throws
     */
    async open<T>(rooms: readonly NewRoomGroups[], write: (open: OpenGroups) => Promise<T>): Promise<T> {
      const attempt = async () => {
        const created: CreatedGroups = { examId: rooms[0]?.examId ?? "", undo: [], uncertain: [] };
        try {
          const roomIds = await openAll(rooms, created);
          return await write({ roomIds, undo: created.undo });
        } catch (error) {
          await undo(created);
          throw error;
        }
      };
      const hasChosenId = rooms.some(({ imServer }) =>
        imServer.some((name) => messages[name]?.choosesGroupIds),
      );
      try {
        return await attempt().catch((error: unknown) => {
          if (!(error instanceof StreamNameTaken && hasChosenId)) throw error;
          // The service chose the id of the room. It chooses another one for a new group.
          log.warn(
            { roomId: error.person.roomId },
            "a message group is left unused, because its id would give two streams the same name",
          );
          return attempt();
        });
      } catch (error) {
        if (!(error instanceof GroupsUndone)) throw error;
        throw new InvigilError(
          "PROVIDER_FAILED",
          "The message groups were not ready in time. No room was created.",
          { cause: error },
        );
      }
    },

    /**
     * Creates the groups of a room that has ended again, and then calls `write`. Groups that were not deleted yet stay. If either fails, the
     * groups are deleted, as those of an ended room.
     * @throws EXAM_CONFLICT while the groups are being deleted, PROVIDER_NOT_CONFIGURED, PROVIDER_FAILED, and what `write` throws
     */
    async reopen<T>(
      room: Omit<NewRoomGroups, "imServer" | "members">,
      write: (open: Pick<OpenGroups, "undo">) => Promise<T>,
    ): Promise<T> {
      const { examId, roomId, name, creatorId, caller } = room;
      const { imServer = [] } = (await store.room(roomId)) ?? {};
      // Groups at other services were not deleted.
      const services = servicesOf(imServer).filter(({ provider }) => provider.deleteGroup);
      if (services.length === 0) return write({ undo: [] });
      const now = clock();
      const groups = { examId, id: roomId, imServer: services.map((service) => service.name) };
      const dueAt = new Date(now.getTime() + UNDO_AFTER_MS + timeoutMs);
      const created: CreatedGroups = {
        examId,
        undo: await store.prepareReopening(groups, { dueAt, now }, caller).catch((error: unknown) => {
          throw error instanceof GroupsLeaving ? groupsLeaving(roomId, error) : error;
        }),
        uncertain: [],
      };
      try {
        const controller = new AbortController();
        using timeout = createTimeout(timeoutMs, controller.signal);
        const members = await store.membersOf({ examId, roomId });
        await Promise.all(
          services.map(async ({ name: service, provider }) => {
            try {
              await provider.createGroup({ groupId: roomId, name, creatorId, members }, timeout.signal);
            } catch (error) {
              if (mayStillSucceed(error)) created.uncertain.push({ examId, id: roomId, imServer: [service] });
              controller.abort(error);
            }
          }),
        );
        controller.signal.throwIfAborted();
        return await write({ undo: created.undo });
      } catch (error) {
        await undo(created);
        throw error instanceof GroupsUndone ? groupsLeaving(roomId, error) : error;
      }
    },

    /**
     * Adds a login to the groups of a room in progress, at those of the services whose groups have members.
     * @throws PROVIDER_FAILED
     */
    async join(roomId: string, login: string, services: ReadonlySet<ImServer>): Promise<void> {
      const servicesWithMembers = [...services].flatMap((name) => {
        const { members } = messages[name] ?? {};
        return members ? [{ name, members }] : [];
      });
      if (servicesWithMembers.length === 0) return;
      const room = await store.room(roomId);
      if (room?.status !== "in_progress") return;
      await Promise.all(
        servicesWithMembers
          .filter(({ name }) => room.imServer.includes(name))
          .map(({ members }) => members.join(roomId, [login])),
      );
    },
  };
};
