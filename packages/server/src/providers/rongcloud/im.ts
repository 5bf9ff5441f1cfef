import { signals } from "@invigil/schema";
import { z } from "zod";
import type { MessageProvider } from "../types.js";
import type { RongClient, RongForm } from "./client.js";

/** The maximum number of users in one call. */
const MAX_USERS_PER_CALL = 1000;
/** The user id of the server at the service. Ids of people cannot end with `_pc`. */
const SENDER = "invigil_pc";

/**
 * The message types that the vendor's apps listen for. Every other signal is an `ART:Message` with the number
 * as `type`.
 */
const STREAM_TYPES: Readonly<Record<number, string>> = {
  [signals.streamPublished.type]: "ART:StreamPublish",
  [signals.streamStopped.type]: "ART:StreamStop",
};

const contentOf = (type: number, data: string): readonly [objectName: string, content: string] => {
  const ofStream = STREAM_TYPES[type];
  if (ofStream !== undefined) return [ofStream, data];
  const fields = z.looseObject({}).parse(JSON.parse(data));
  return ["ART:Message", JSON.stringify({ ...fields, type })];
};

/** Splits unique user ids into groups that fit one call. */
const inBatches = (userIds: Iterable<string>): string[][] => {
  const all = [...new Set(userIds)];
  return Array.from({ length: Math.ceil(all.length / MAX_USERS_PER_CALL) }, (_, n) =>
    all.slice(n * MAX_USERS_PER_CALL, (n + 1) * MAX_USERS_PER_CALL),
  );
};
const repeatField = (name: string, values: readonly string[]): RongForm =>
  values.map((value) => [name, value]);

/**
 * RongCloud. Its groups store their members, and only members receive messages. Groups are created when users
 * join them, so every call except sending messages can be repeated. If creating a group fails, the group may
 * exist with some of its members. The caller then deletes it.
 * Source: https://docs.rongcloud.cn/platform-chat-api
 */
export const createRongCloudIm = (client: RongClient): MessageProvider<string> => {
  const done = z.object({});
  const idempotentCall = (action: string, form: RongForm, signal?: AbortSignal) =>
    client.call({ action, form, idempotent: true, answer: done, signal });

  const change = async (
    action: "group/join" | "group/quit",
    groupId: string,
    calls: readonly (readonly string[])[],
    signal?: AbortSignal,
  ): Promise<void> => {
    for (const userIds of calls)
      await idempotentCall(action, [...repeatField("userId", userIds), ["groupId", groupId]], signal);
  };

  return {
    async createGroup({ groupId, name, creatorId, members }, signal) {
      const [founders = [], ...others] = inBatches([creatorId, ...members]);
      await idempotentCall(
        "group/create",
        [...repeatField("userId", founders), ["groupId", groupId], ["groupName", name]],
        signal,
      );
      await change("group/join", groupId, others, signal);
      return { groupId };
    },

    // Any user may dismiss a group. The service reports success for a group that does not exist.
    async deleteGroup(groupId) {
      await idempotentCall("group/dismiss", [
        ["userId", SENDER],
        ["groupId", groupId],
      ]);
    },

    members: {
      join: (groupId, userIds) => change("group/join", groupId, inBatches(userIds)),
      leave: (groupId, userIds) => change("group/quit", groupId, inBatches(userIds)),
    },

    async announce({ groupId, type, data, userIds }) {
      const [objectName, content] = contentOf(type, data);
      for (const receivers of userIds ? inBatches(userIds) : [[]]) {
        await client.call({
          action: "message/group/publish",
          form: [
            ["fromUserId", SENDER],
            ["toGroupId", groupId],
            ...repeatField("toUserId", receivers),
            ["objectName", objectName],
            ["content", content],
            // Announcements describe the current state, so they are not stored in the history.
            ["isPersisted", "0"],
          ],
          idempotent: false,
          answer: done,
        });
      }
    },

    async issueToken({ userId }) {
      const { token } = await client.call({
        action: "user/getToken",
        // The name and the picture are used only for push notifications, which Invigil does not send.
        form: [
          ["userId", userId],
          ["name", userId],
          ["portraitUri", ""],
        ],
        idempotent: true,
        answer: z.object({ token: z.string().min(1) }),
      });
      return token;
    },

    async check() {
      await idempotentCall("user/checkOnline", [["userId", SENDER]]);
    },
  };
};
