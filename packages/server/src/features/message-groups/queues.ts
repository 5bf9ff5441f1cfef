import { type ImServer, imServerSchema } from "@invigil/schema";
import type { FastifyBaseLogger } from "fastify";
import { type Handler, handler, type TaskQueue } from "../../domain/outbox/kind.js";
import { deleteGroup, leaveGroup, sendSignal, type TaskKinds } from "../../domain/vendor-tasks.js";
import { InvigilError } from "../../platform/errors.js";
import type { MessageProvider, MessageProviders } from "../../providers/types.js";
import { isAccountError } from "../../providers/vendor-error.js";
import type { GroupStore } from "./store.js";

/** Returns the kinds of tasks of a provider. A provider without groups (the built-in one, or one that only issues tokens) has none. */
const kindsOf = (provider: MessageProvider<unknown> | undefined): TaskKinds[ImServer] => {
  const { deleteGroup: deletes, members, choosesGroupIds } = provider ?? {};
  return [
    ...(deletes ? [deleteGroup.name] : []),
    ...(deletes || members || choosesGroupIds ? [sendSignal.name] : []),
    ...(members ? [leaveGroup.name] : []),
  ];
};

/** Returns the kinds of tasks of each configured message service. */
export const taskKindsOf = ({ aliyun_new, aliyun_old, rong_cloud }: MessageProviders): TaskKinds => ({
  aliyun_new: kindsOf(aliyun_new),
  aliyun_old: kindsOf(aliyun_old),
  rong_cloud: kindsOf(rong_cloud),
});

/** A service that refuses our signature, key, clock or permissions accepts the task once the cause is fixed. */
const isRefusal = (error: unknown): boolean =>
  !(error instanceof InvigilError && error.code === "PROVIDER_FAILED") ||
  (error.details?.fault === "refused" && !isAccountError(error.details));

/** The queues of the message services that have tasks. */
export const createGroupQueues = ({
  store,
  messages,
  concurrency,
  log,
}: {
  store: GroupStore;
  messages: MessageProviders;
  /** How many tasks of one service run at a time. */
  concurrency: number;
  log: FastifyBaseLogger;
}): TaskQueue[] => {
  const handlersOf = (provider: MessageProvider<unknown>): Handler[] => [
    handler(deleteGroup, async (_, { key: groupId }) => {
      if ((await store.room(groupId))?.status === "in_progress")
        log.error({ groupId }, "a room in progress keeps its message group");
      else await provider.deleteGroup?.(groupId);
    }),
    handler(sendSignal, async ({ signal, userIds }, { key: groupId }) => {
      await provider.announce({ groupId, ...signal, userIds });
    }),
    handler(leaveGroup, async ({ userIds }, { examId, key: groupId }) => {
      // A person who has returned to the room, or whose attempt was reopened, stays in the group.
      if (!(await store.hasAnyOf({ examId, roomId: groupId }, userIds)))
        await provider.members?.leave(groupId, userIds);
    }),
  ];
  return imServerSchema.options.flatMap((name) => {
    const provider: MessageProvider<unknown> | undefined = messages[name];
    if (!provider || kindsOf(provider).length === 0) return [];
    return [{ name, concurrency, handlers: handlersOf(provider), isRefusal }];
  });
};
