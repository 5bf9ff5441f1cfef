import type { CheckItem } from "@invigil/client";

/** The steps of an evening, in their order, and which items of the check list belong to each. */
export const STEPS = {
  details: ["times", "cheat_config", "detectors", "consent"],
  audio: ["audio"],
  roster: ["roster"],
  rooms: ["rooms", "seats"],
  staff: ["teachers"],
  links: ["links", "staff_access"],
  settings: [],
  check: ["capacity", "web_apps", "join_codes", "streams", "services", "storage"],
} as const satisfies { readonly [Step in string]: readonly CheckItem["code"][] };

export type Step = keyof typeof STEPS;
// Safe: an object has the keys of its type.
export const STEP_NAMES = Object.keys(STEPS) as readonly Step[];

export const stepNamed = (name: string | undefined): Step | undefined =>
  STEP_NAMES.find((step) => step === name);

const OF_SERVER: readonly CheckItem["code"][] = ["web_apps", "join_codes", "streams", "services", "storage"];

/** Whether only an administrator of the server can put an item in order. */
export const isOfServer = ({ code }: CheckItem): boolean => OF_SERVER.includes(code);

/** The step in which an item is put in order. */
export const stepOf = (code: CheckItem["code"]): Step =>
  STEP_NAMES.find((step) => (STEPS[step] as readonly string[]).includes(code)) ?? "check";

const RANK = { missing: 2, attention: 1, ok: 0 } as const;

/** The worst first; of equal ones, in the order of the evening. */
export const byUrgency = (items: readonly CheckItem[]): CheckItem[] =>
  items.toSorted((one, other) => RANK[other.status] - RANK[one.status]);

/** The worst item of a step. Undefined: the check list says nothing about it. */
export const worstOf = (items: readonly CheckItem[], step: Step): CheckItem | undefined => {
  // Of equal ones, the one that the step is about first.
  const own = STEPS[step].flatMap((code) => items.find((item) => item.code === code) ?? []);
  return byUrgency(own)[0];
};

/** Whether an item is in order only because there are no rooms yet. */
export const waitsForRooms = (items: readonly CheckItem[], { code, status }: CheckItem): boolean =>
  status === "ok" &&
  ["teachers", "staff_access", "links"].includes(code) &&
  items.some((item) => item.code === "rooms" && item.status === "missing");

export interface Readiness {
  /** How many things are missing that those who set up the exam can put in order. */
  readonly missing: number;
  /** How many are missing that an administrator of the server has to put in order. */
  readonly ofServer: number;
  readonly attention: number;
}

export const readinessOf = (items: readonly CheckItem[]): Readiness => {
  const missing = items.filter(({ status }) => status === "missing");
  const ofServer = missing.filter(isOfServer).length;
  const attention = items.filter(({ status }) => status === "attention").length;
  return { missing: missing.length - ofServer, ofServer, attention };
};
