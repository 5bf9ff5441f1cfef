import { signals } from "@invigil/schema";
import { z } from "zod";
import type { MessageProvider } from "../types.js";
import type { RongClient, RongForm } from "./client.js";

/** The most people that one call takes. */
const USERS = 1000;
/** Who the server is at the service. Nobody else is called so: ids of people do not end like this. */
const SENDER = "invigil_pc";

/** What the vendor's apps listen for; every other signal is an `ART:Message` that says which one it is. */
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

/** Everybody once, in groups that one call takes. */
const inCalls = (userIds: Iterable<string>): string[][] => {
  const all = [...new Set(userIds)];
  return Array.from({ length: Math.ceil(all.length / USERS) }, (_, n) =>
    all.slice(n * USERS, (n + 1) * USERS),
  );
};
const each = (name: string, values: readonly string[]): RongForm => values.map((value) => [name, value]);

/**
 * RongCloud: its groups keep their members, and only members hear what is said in a group.
 * Source: https://docs.rongcloud.cn/platform-chat-api. A group is made by people joining it, so that every call but a
 * message may be repeated; making one that fails can leave it behind, half full: whoever wanted it deletes it.
 */
export const createRongCloudIm = (client: RongClient): MessageProvider<string> => {
  const done = z.object({});
  const repeatable = (action: string, form: RongForm, signal?: AbortSignal) =>
    client.call({ action, form, repeatable: true, answer: done, signal });

  const change = async (
    action: "group/join" | "group/quit",
    groupId: string,
    calls: readonly (readonly string[])[],
    signal?: AbortSignal,
  ): Promise<void> => {
    for (const userIds of calls)
      await repeatable(action, [...each("userId", userIds), ["groupId", groupId]], signal);
  };

  return {
    async createGroup({ groupId, name, creatorId, members }, signal) {
      const [founders = [], ...others] = inCalls([creatorId, ...members]);
      await repeatable(
        "group/create",
        [...each("userId", founders), ["groupId", groupId], ["groupName", name]],
        signal,
      );
      await change("group/join", groupId, others, signal);
      return { groupId };
    },

    // Anybody may dismiss a group, and the service knows no failure for one that is not there.
    async deleteGroup(groupId) {
      await repeatable("group/dismiss", [
        ["userId", SENDER],
        ["groupId", groupId],
      ]);
    },

    members: {
      join: (groupId, userIds) => change("group/join", groupId, inCalls(userIds)),
      leave: (groupId, userIds) => change("group/quit", groupId, inCalls(userIds)),
    },

    async announce({ groupId, type, data, userIds }) {
      const [objectName, content] = contentOf(type, data);
      for (const receivers of userIds ? inCalls(userIds) : [[]]) {
        await client.call({
          action: "message/group/publish",
          form: [
            ["fromUserId", SENDER],
            ["toGroupId", groupId],
            ...each("toUserId", receivers),
            ["objectName", objectName],
            ["content", content],
            // Only for those who are there now: it need not be in anybody's history.
            ["isPersisted", "0"],
          ],
          repeatable: false,
          answer: done,
        });
      }
    },

    async issueToken({ userId }) {
      const { token } = await client.call({
        action: "user/getToken",
        // Name and picture are for push notifications, and none are sent.
        form: [
          ["userId", userId],
          ["name", userId],
          ["portraitUri", ""],
        ],
        repeatable: true,
        answer: z.object({ token: z.string().min(1) }),
      });
      return token;
    },

    async check() {
      await repeatable("user/checkOnline", [["userId", SENDER]]);
    },
  };
};
