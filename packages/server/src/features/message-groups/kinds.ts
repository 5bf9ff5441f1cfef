import type { TaskKind, TaskKinds } from "../../domain/vendor-tasks.js";
import type { MessageProvider, MessageProviders } from "../../providers/types.js";

/** One that keeps no groups anywhere (built in, or tokens alone) is asked for nothing. */
export const kindsOf = (provider: MessageProvider<unknown> | undefined): TaskKind[] => {
  const { deleteGroup, members, choosesGroupIds } = provider ?? {};
  return [
    ...(deleteGroup ? (["delete_group"] as const) : []),
    ...(deleteGroup || members || choosesGroupIds ? (["send"] as const) : []),
    ...(members ? (["leave"] as const) : []),
  ];
};

/** What can be asked of each message service that is configured. */
export const taskKindsOf = ({ aliyun_new, aliyun_old, rong_cloud }: MessageProviders): TaskKinds => ({
  aliyun_new: kindsOf(aliyun_new),
  aliyun_old: kindsOf(aliyun_old),
  rong_cloud: kindsOf(rong_cloud),
});
