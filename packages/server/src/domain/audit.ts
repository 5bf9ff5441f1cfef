import type { Caller } from "@invigil/schema";
import type { Ids } from "../platform/ids.js";
import type { MaybePromise } from "../platform/maybe-promise.js";
import type { Transaction } from "../storage/port.js";
import { insertion } from "../storage/statement.js";
import { auditEntries } from "../storage/tables.js";
import type { Author } from "./calls.js";

/** The target of a change. Ids that do not apply are absent. */
export interface Target {
  readonly examId?: string | undefined;
  readonly roomId?: string | undefined;
  /** The people who are affected, if the change names them. There is one row for each. */
  readonly people?: readonly string[] | undefined;
  /** The id of something else: a clip, a token, a session. Never a secret, and never a person, whom erasure would not find here. */
  readonly subject?: string | undefined;
}

export type AuditEntry = typeof auditEntries.$inferSelect;

/** Writes the rows that say who changed what. */
export interface AuditLog {
  /** Adds the rows of a change, in its transaction, if the procedure of its author is audited for changes. Starts its statement at once. */
  add(tx: Transaction, author: Author, target: Target): Promise<unknown>;
}

/**
 * Bounds how many rows the calls of an actor, and those about an exam, leave in a day (docs/decisions/0052). Administrators have no quota.
 */
export interface AuditQuota {
  /** Checks whether the actor's calls may leave further rows. @throws QUOTA_EXCEEDED */
  readonly assertActor: (author: Author) => MaybePromise<void>;
  /** Checks whether changes of an exam may leave further rows. @throws QUOTA_EXCEEDED */
  readonly assertExam: (
    author: Pick<Caller, "role"> & Partial<Pick<Author, "audited" | "isUrgent">>,
    examId: string,
  ) => MaybePromise<void>;
  /** Counts rows that a call leaves. */
  readonly charge: (author: Author, of: Pick<AuditEntry, "examId" | "outcome">, rows: number) => void;
}

/** The outcome of a call that succeeded, and of the end of a subscription. */
export const OK = "ok";
export const ENDED = "ended";
export const isGranted = (outcome: string): boolean => outcome === OK || outcome === ENDED;

/**
 * The most people of one call who get a row each. A change or a read of more people has one row. An import, a plan and a new room name no person: they
 * are about the exam or the room.
 */
export const MAX_PEOPLE = 100;

export const insertEntries = insertion(auditEntries);

/** Returns what the actor of a call proved themselves with. Never a secret: a token's id is its `jti`. */
const credentialOf = ({
  origin,
  tokenId,
  sessionId,
  isIssued,
  generation,
}: Author): Pick<AuditEntry, "credential" | "credentialId"> => {
  if (origin.entryPoint === "command") return { credential: "command", credentialId: null };
  // A login has no session yet.
  if (origin.procedure === "auth.login" || origin.procedure === "auth.loginToDemo")
    return { credential: "account", credentialId: null };
  if (sessionId !== undefined && !isIssued) return { credential: "session", credentialId: sessionId };
  // A token of a seat ends with the seat's links, whichever call issued it.
  return { credential: generation === undefined ? "token" : "link", credentialId: tokenId ?? null };
};

/** What the rows of a call have in common. */
export const entryOf = (
  author: Author,
  { examId, roomId, subject }: Omit<Target, "people">,
  outcome: string,
): Omit<AuditEntry, "id" | "createdAt" | "personId" | "times"> => {
  const { reqId, address, entryPoint, procedure, operator } = author.origin;
  return {
    actorId: author.userId,
    actorRole: author.role,
    ...credentialOf(author),
    operator: operator ?? null,
    procedure,
    examId: examId ?? null,
    roomId: roomId ?? null,
    subject: subject ?? null,
    address,
    entryPoint,
    requestId: reqId,
    outcome,
  };
};

export const createAuditLog = ({
  ids,
  clock,
  quota,
}: {
  ids: Ids;
  clock: () => Date;
  quota: Pick<AuditQuota, "charge">;
}): AuditLog => ({
  async add(tx, author, { people = [], ...target }) {
    if (author.audited !== "change") return;
    const common = { ...entryOf(author, target, OK), createdAt: clock() };
    const named = [...new Set(people)];
    const rows =
      named.length > 0 && named.length <= MAX_PEOPLE
        ? named.map((personId) => ({ ...common, id: ids.next(), personId, times: 1 }))
        : [{ ...common, id: ids.next(), personId: null, times: Math.max(1, named.length) }];
    quota.charge(author, common, rows.length);
    await tx.insert(insertEntries, rows);
  },
});
