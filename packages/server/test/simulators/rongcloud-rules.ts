import type { IncomingMessage } from "node:http";

// What RongCloud's pages say of each call's parameters, written down apart from our client.

export type Params = readonly (readonly [name: string, value: string])[];

export interface Answer {
  readonly status: number;
  readonly code: number;
  /** What is wrong; empty when nothing is. */
  readonly message: string;
  /** What stands beside the code. */
  readonly more?: object;
}

export const refuse = (status: number, code: number, message: string): Answer => ({ status, code, message });
export const ok = (more: object = {}): Answer => ({ status: 200, code: 200, message: "", more });

interface Rule {
  readonly form: RegExp;
  /** How often it may come. */
  readonly times: readonly [least: number, most: number];
}

const USER_ID = /^[A-Za-z0-9+=_-]{1,64}$/;
const GROUP_ID = /^[A-Za-z0-9]{1,64}$/;
const NAME = /^.{1,64}$/su;
const FLAG = /^[01]$/;

const once = (form: RegExp): Rule => ({ form, times: [1, 1] });
const atMostOnce = (form: RegExp): Rule => ({ form, times: [0, 1] });
const upTo1000 = (least: number): Rule => ({ form: USER_ID, times: [least, 1000] });

const CALLS: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  "user/getToken": { userId: once(USER_ID), name: once(NAME), portraitUri: atMostOnce(/^.{0,1024}$/su) },
  "user/checkOnline": { userId: once(USER_ID) },
  "group/create": { userId: upTo1000(1), groupId: once(GROUP_ID), groupName: once(NAME) },
  "group/join": { userId: upTo1000(1), groupId: once(GROUP_ID), groupName: atMostOnce(NAME) },
  "group/quit": { userId: upTo1000(1), groupId: once(GROUP_ID) },
  "group/dismiss": { userId: once(USER_ID), groupId: once(GROUP_ID) },
  "message/group/publish": {
    fromUserId: once(USER_ID),
    toGroupId: { form: GROUP_ID, times: [1, 3] },
    toUserId: upTo1000(0),
    // The names that begin so are the vendor's.
    objectName: once(/^(?!RC:).{1,32}$/s),
    content: once(/^.{1,131072}$/s),
    pushContent: atMostOnce(/^.*$/s),
    pushData: atMostOnce(/^.*$/s),
    isPersisted: atMostOnce(FLAG),
    isIncludeSender: atMostOnce(FLAG),
    isMentioned: atMostOnce(FLAG),
    contentAvailable: atMostOnce(FLAG),
  },
};

/** What is wrong with a call's parameters. */
export const judged = (action: string, params: Params): Answer | undefined => {
  const rules = CALLS[action];
  if (!rules) return refuse(404, 404, "no such path");
  const unknown = params.find(([name]) => !Object.hasOwn(rules, name));
  if (unknown) return refuse(400, 1002, `${unknown[0]} is unknown`);
  for (const [name, { form, times }] of Object.entries(rules)) {
    const values = params.filter(([key]) => key === name).map(([, value]) => value);
    if (values.length < times[0] || values.length > times[1])
      return refuse(400, 1002, `${name} must come ${times[0]} to ${times[1]} times`);
    const wrong = values.find((value) => !form.test(value));
    if (wrong !== undefined) return refuse(400, 1002, `${name} is not valid: ${wrong}`);
  }
  const named = (name: string) => params.filter(([key]) => key === name);
  if (named("toUserId").length > 0 && named("toGroupId").length > 1)
    return refuse(400, 1002, "toUserId goes with one toGroupId");
  return undefined;
};

/** Who hears a message: those in the group, or those of them that it is addressed to. */
export const addressedTo = (userIds: readonly string[], members: ReadonlySet<string>): string[] =>
  userIds.length === 0 ? [...members] : userIds.filter((userId) => members.has(userId));

/** A form, decoded by hand: names and values in the order that they came. */
export const readForm = async (request: IncomingMessage): Promise<Params> => {
  request.setEncoding("latin1");
  let body = "";
  for await (const chunk of request) body += String(chunk);
  if (body === "") return [];
  const decoded = (text: string) => decodeURIComponent(text.replaceAll("+", " "));
  return body.split("&").map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [decoded(name), decoded(value.join("="))] as const;
  });
};
