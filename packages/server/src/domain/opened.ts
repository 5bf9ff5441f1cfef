import type { CameraNeed, DetectorName, Role, Room, VideoProfile } from "@invigil/schema";
import type { Principal, TokenEnd } from "../identity/tokens.js";
import type { InvigilError } from "../platform/errors.js";
import type { MaybePromise } from "../platform/maybe-promise.js";
import type { ActingCaller } from "./calls.js";
import type { Ids, NEEDED, Subject } from "./subjects.js";

// What calls are about, and what their callers may use of it.

export type StoredRoom = Room & { readonly endedAt: Date | null };

export interface StoredExam {
  readonly id: string;
  readonly name: string;
  readonly startTime: Date;
  readonly endTime: Date;
  readonly videoProfile: VideoProfile | null;
  readonly createdBy: string;
  readonly controlledBy: "rooms" | "creator";
  readonly maxRoomMinutes: number | null;
  readonly cameras: CameraNeed;
  readonly questionsUrl: string | null;
  readonly detectors: readonly DetectorName[] | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A session that has not ended. */
export interface StoredSession {
  readonly userId: string;
  readonly expiresAt: Date;
  /** Whether the token of the question was revoked. */
  readonly isRevoked: boolean;
}

/** The rooms of an exam that a caller may use: all of them, or a list of ids. */
export type AccessibleRooms = "all" | readonly string[];

/** An exam, as far as a caller may use it. */
export interface AccessibleExam {
  readonly exam: StoredExam;
  readonly rooms: AccessibleRooms;
}

/** The value that a handler gets for each subject. */
interface Given {
  /** What every caller may do. */
  readonly nothing: ActingCaller;
  /** What belongs to no room, such as the audio library: the caller, whose token is bound to no room or exam. */
  readonly unbound: ActingCaller;
  /** The session of the caller's token. Undefined if it has none. */
  readonly session: { readonly session: StoredSession | undefined };
  /** What examinees lose when their rooms end: the room that is named, or all of theirs. */
  readonly messageLogin: { readonly session: StoredSession | undefined };
  /** All rooms of the caller. With a token that is bound to a room, that room. */
  readonly ownRooms: { readonly bound: StoredRoom | undefined };
  /** All exams of the caller. With a bound token, that room or that exam. */
  readonly ownExams: { readonly room: StoredRoom | undefined; readonly exam: StoredExam | undefined };
  readonly room: StoredRoom;
  /** The room in which an examinee sits: the one that is named, or the one to which they came from it since they got their token. */
  readonly ownSeat: StoredRoom;
  /** The same as `room`, or any room of an exam that the caller created. */
  readonly roomToRun: StoredRoom;
  readonly exam: AccessibleExam;
  /** The same as `exam`, which an examinee needs a room in progress for. */
  readonly examInProgress: AccessibleExam;
  /** A setting of all rooms of an exam. */
  readonly allRooms: AccessibleExam;
  /** The rooms of an exam that the caller may run, or may look at as an inspector. */
  readonly roomsToRun: AccessibleExam;
  /** An exam as a whole: its people, its plan, its deletion. */
  readonly wholeExam: StoredExam;
  /** An exam that was deleted and can be restored. It is not read. */
  readonly deletedExam: { readonly examId: string };
}

declare const openedAs: unique symbol;
/**
 * What a caller was allowed to use in this call. A service that takes it cannot be called without asking: only `features/access` makes it.
 * It does not outlive the call. What lasts longer, such as a subscription, opens it again.
 */
export type Opened<About extends Subject> = About extends Subject
  ? Given[About] & { readonly [openedAs]: About }
  : never;

// Safe: the type only says that access was checked.
/** The caller has checked that the given may be used. */
export const opened = <About extends Subject>(given: Given[About]): Opened<About> => given as Opened<About>;
/** What the rule of a subject returns. */
export type GivenBy<About extends Subject> = Given[About];

/** The ids that an input must have for a subject. */
export type IdsOf<About extends Subject> = {
  readonly [Id in (typeof NEEDED)[About][number]]: string;
} & Ids;
/** The arguments with the ids of a subject. */
export type IdsFor<About extends Subject> = (typeof NEEDED)[About]["length"] extends 0
  ? [ids?: Ids]
  : [ids: IdsOf<About>];

/** What can be opened again. The others give the caller of one call. */
export type LastingSubject = Exclude<Subject, "nothing" | "unbound">;

/** Opens what callers ask for. */
export interface Rights {
  /**
   * Opens something, and counts one call for its room and exam.
   * @throws FORBIDDEN; ROOM_NOT_FOUND, EXAM_NOT_FOUND (administrators); ROOM_ENDED (examinees); TOO_MANY_REQUESTS; QUOTA_EXCEEDED
   */
  readonly open: <About extends Subject>(
    caller: ActingCaller,
    about: About,
    ...ids: IdsFor<About>
  ) => MaybePromise<Opened<About>>;
  /** Opens something without counting a call: for what outlives its call, and opens it again and again. */
  readonly look: <About extends LastingSubject>(
    caller: Principal,
    about: About,
    ...ids: IdsFor<About>
  ) => MaybePromise<Opened<About>>;
}

/** The rights of one call, of which the first part was read together with its token. */
export interface ConfirmedRights extends Rights {
  /** The exam that was read, if it exists. */
  readonly foundExam: string | undefined;
  /** The role of the token's person in the room that was read. Their token may have another one. */
  readonly roleInRoom: Role | undefined;
}

/** Decides what callers may use. `features/access` is it. */
export interface Access extends Rights {
  /**
   * Checks whether a caller's token is still good: not revoked, of a session that has not ended, of an account that is not disabled, and of
   * links that were not revoked. Reads together with it what decides about their access to a subject.
   * @returns why the token is no longer good, if it is not
   */
  readonly confirm: (
    caller: Principal,
    about?: Subject,
    ids?: Ids,
  ) => MaybePromise<ConfirmedRights | TokenEnd>;
}

/**
 * Verifies a caller's token again, and opens what they have subscribed to. Returns the error if the token is no longer good, or if the server
 * could not find out.
 * @throws InvigilError if the caller may no longer use it
 */
export type Reopen<About extends LastingSubject> = (
  about: About,
  ...ids: IdsFor<About>
) => Promise<Opened<About> | InvigilError>;
/** The same for a caller who may subscribe to anything. */
export type ReopenAny = <About extends LastingSubject>(
  ...of: Parameters<Reopen<About>>
) => ReturnType<Reopen<About>>;
