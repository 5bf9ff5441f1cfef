import type { TaskKind, TaskKinds } from "../../db/vendor-tasks.js";
import type { MessageProvider, MessageProviders } from "../../providers/types.js";

const kindsOf = (provider: MessageProvider<unknown> | undefined): TaskKind[] => [
  ...(provider?.deleteGroup ? (["delete_group"] as const) : []),
  ...(provider?.announce ? (["send"] as const) : []),
  ...(provider?.members ? (["leave"] as const) : []),
];

/** What can be asked of each message service that is configured. */
export const taskKindsOf = ({ aliyun_new, aliyun_old, rong_cloud }: MessageProviders): TaskKinds => ({
  aliyun_new: kindsOf(aliyun_new),
  aliyun_old: kindsOf(aliyun_old),
  rong_cloud: kindsOf(rong_cloud),
});
