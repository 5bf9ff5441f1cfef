import { z } from "zod";

// What the vendor's access management (RAM) says of a policy: nothing is allowed that no statement allows, and what one
// denies no other allows. Written down from its pages, apart from the policies of ours.

const oneOrMore = z
  .union([z.string(), z.array(z.string()).min(1)])
  .transform((value) => (typeof value === "string" ? [value] : value));
/** A variable would stand for what is not known here. */
const plain = oneOrMore.refine((values) => values.every((value) => !value.includes("$")), "holds a variable");
const ACTION = /^(\*|[a-z]+:[A-Za-z*?]+)$/;
const RESOURCE = /^(\*|acs:[a-z*]+:[^:]*:[^:]*:.+)$/s;

const policySchema = z.strictObject({
  Version: z.literal("1"),
  Statement: z
    .array(
      z.strictObject({
        Effect: z.enum(["Allow", "Deny"]),
        Action: plain.refine((actions) => actions.every((action) => ACTION.test(action)), "is no action"),
        Resource: plain.refine((all) => all.every((resource) => RESOURCE.test(resource)), "is no resource"),
      }),
    )
    .min(1),
});
export type RamPolicy = z.infer<typeof policySchema>;

/** What somebody wants to do: `oss:PutObject` to `acs:oss:oss-cn-hangzhou:1234:bucket/name`. */
export interface RamRequest {
  readonly action: string;
  readonly resource: string;
}

const MAX_LENGTH = 2048;

/** @throws where the vendor would refuse the text */
export const parseRamPolicy = (text: string): RamPolicy => {
  if (text.length === 0 || text.length > MAX_LENGTH) throw new Error("a policy has 1 to 2048 characters");
  return policySchema.parse(JSON.parse(text));
};

/** `*` stands for any characters, `?` for one. The text is compared from both ends of each star, without a regex. */
export const fitsPattern = (pattern: string, text: string): boolean => {
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (from < text.length) {
    if (at < pattern.length && pattern[at] === "*") {
      star = at;
      at += 1;
      resume = from;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[from])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      from = resume;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
};

/** `acs`, service, region, account, and the rest with the colons that it has. */
const partsOf = (resource: string): string[] => {
  const parts = resource.split(":");
  return [...parts.slice(0, 4), parts.slice(4).join(":")];
};
const fitsResource = (pattern: string, resource: string): boolean =>
  pattern === "*" ||
  partsOf(pattern).every((part, index) => fitsPattern(part, partsOf(resource)[index] ?? ""));

const decides = (policy: RamPolicy, { action, resource }: RamRequest, effect: "Allow" | "Deny"): boolean =>
  policy.Statement.some(
    (statement) =>
      statement.Effect === effect &&
      statement.Action.some((pattern) => fitsPattern(pattern.toLowerCase(), action.toLowerCase())) &&
      statement.Resource.some((pattern) => fitsResource(pattern, resource)),
  );

/** Whether every one of the policies lets it: a session may what its role may and its own policy, too. */
export const isAllowed = (policies: readonly RamPolicy[], request: RamRequest): boolean =>
  policies.every((policy) => decides(policy, request, "Allow") && !decides(policy, request, "Deny"));
