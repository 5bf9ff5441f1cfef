import type { Caller, GetImTokenInput, ImTokens } from "@invigil/schema";
import { forbidden, InvigilError } from "../../errors.js";
import { olderToken } from "../../providers/older-apps.js";
import type { MessageProviders } from "../../providers/types.js";
import type { AccessService } from "../access/service.js";
import type { GroupService } from "../groups/service.js";

export interface ImService {
  /**
   * A login for each service that was asked for and is configured; when none was named, the older service's members. Where
   * a service keeps the members of groups, the login is a member of the room's from then on.
   * @throws FORBIDDEN, ROOM_NOT_FOUND, ROOM_ENDED (examinees), INVALID_INPUT when the older service has no such ids,
   *   PROVIDER_NOT_CONFIGURED when none of them is configured, PROVIDER_FAILED
   */
  getToken(caller: Caller, input: GetImTokenInput): Promise<ImTokens>;
}

export interface ImServiceDeps {
  readonly messages: MessageProviders;
  readonly access: AccessService;
  readonly groups: GroupService;
}

export const createImService = ({ messages, access, groups }: ImServiceDeps): ImService => ({
  async getToken(caller, { roomId, userId, role, imServer, deviceId, deviceType }) {
    await access.inProgress(caller, { roomId });
    const own = userId === caller.userId || userId === `pc_${caller.userId}`;
    if (!own && caller.role !== "admin")
      throw forbidden(`The caller may log in as itself, not as ${userId}.`);
    const commands = caller.role === "admin" || caller.role === "teacher";
    if (role === "admin" && !commands)
      throw forbidden(`The role ${caller.role} may not command a message group.`);

    const request = {
      userId,
      role: role ?? ("" as const),
      ...(deviceId && { deviceId }),
      ...(deviceType && { deviceType }),
    };
    if (!imServer) return { aliyunOldIm: await olderToken(messages, request) };
    const asked = new Set(imServer);
    const room = roomId ?? caller.roomId;
    const [aliyunNewIm, aliyunOldIm, rongToken] = await Promise.all([
      asked.has("aliyun_new") ? messages.aliyun_new?.issueToken(request) : undefined,
      asked.has("aliyun_old") ? messages.aliyun_old?.issueToken(request) : undefined,
      asked.has("rong_cloud") ? messages.rong_cloud?.issueToken(request) : undefined,
      room !== undefined && groups.join(room, userId, asked),
    ]);
    if (!aliyunNewIm && !aliyunOldIm && !rongToken) {
      throw new InvigilError(
        "PROVIDER_NOT_CONFIGURED",
        `The message service ${imServer.join(", ")} is not configured.`,
      );
    }
    return {
      ...(aliyunNewIm && { aliyunNewIm }),
      ...(aliyunOldIm && { aliyunOldIm }),
      ...(rongToken && { rongToken }),
    };
  },
});
