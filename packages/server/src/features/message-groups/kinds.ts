import type { TaskKind, TaskKinds } from "../../domain/vendor-tasks.js";
import type { MessageProvider, MessageProviders } from "../../providers/types.js";

/** Returns the kinds of tasks of a provider. A provider without groups (the built-in one, or one that only issues tokens) has none. */
export const kindsOf = (provider: MessageProvider<unknown> | undefined): TaskKind[] => {
  const { deleteGroup, members, choosesGroupIds } = provider ?? {};
  return [
    ...(deleteGroup ? (["delete_group"] as const) : []),
    ...(deleteGroup || members || choosesGroupIds ? (["send"] as const) : []),
    ...(members ? (["leave"] as const) : []),
  ];
};

/** Returns the kinds of tasks of each configured message service. */
export const taskKindsOf = ({ aliyun_new, aliyun_old, rong_cloud }: MessageProviders): TaskKinds => ({
  aliyun_new: kindsOf(aliyun_new),
  aliyun_old: kindsOf(aliyun_old),
  rong_cloud: kindsOf(rong_cloud),
});
