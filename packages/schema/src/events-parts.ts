import type { z } from "zod";
import type { Checks } from "./checks.js";
import type { ExamSnapshot, RoomSnapshot } from "./live.js";
import type { Room } from "./room.js";
import type { RosterEntry } from "./roster.js";

/** Which subscribers receive an event, in words. The server's rules are in `features/delivery/rules.ts`. */
export const audiences = {
  everybody: "everybody",
  staff: "staff",
  concerned: "staff; examinees if it is about themselves or staff",
  whileInProgress: "staff; examinees while their room is in progress",
  readers: "the message's receivers and its sender; staff also everything that people send",
} as const;
export type Audience = keyof typeof audiences;

/** What the client knows of all people of an exam. */
export interface ExamPeople {
  readonly people: readonly RosterEntry[];
  readonly rooms: readonly Room[];
  readonly lastEventId: string;
}

/** The parts of a state that events change. Each event changes `lastEventId`. */
type PartOf<State> = Exclude<keyof State, "lastEventId">;

/** The fields that a row of the log holds. It is small: what is large or may change is looked up. */
type LogFields<About extends "room" | "exam"> = Readonly<
  Record<string, z.ZodType<string | number | boolean | Date | Checks | undefined>>
> &
  // An erasure searches the events of rooms only.
  (About extends "exam" ? { readonly userId?: never } : unknown);
type NoFields = Readonly<Record<never, never>>;
/** The values of some fields. Zod lets an object without fields have no fields at all, also if it is combined with others. */
export type Values<Fields> = [keyof Fields] extends [never]
  ? unknown
  : z.output<z.ZodObject<Fields extends z.ZodRawShape ? Fields : never>>;

export type Flat<Type> = { [Key in keyof Type]: Type[Key] };

export interface Declaration<
  About extends "room" | "exam",
  SeenBy extends Audience,
  RoomPart extends PartOf<RoomSnapshot>,
  ExamPart extends PartOf<ExamSnapshot>,
  PeoplePart extends PartOf<ExamPeople>,
  Payload,
  LookedUp,
  Internal,
> {
  readonly meaning: string;
  /**
   * Whether it is about a room or an exam. An event about an exam is one row of the log, however many rooms the exam has. It may be repeated for
   * a room that had ended by then.
   */
  readonly about: About;
  readonly seenBy: SeenBy;
  /**
   * The parts of the client's state that it changes: of a room's, of an exam's, and of the people of an exam. `NOTHING`: none. Subscribers to
   * the people of an exam receive only what changes these.
   */
  readonly changes: {
    readonly room: readonly RoomPart[];
    readonly exam: readonly ExamPart[];
    readonly people: readonly PeoplePart[];
  };
  /** The budget of events that it counts against. `nobody`: it has another limit. */
  readonly countsFor: "examAndRoom" | "room" | "nobody";
  /** The fields that the log holds and subscribers receive. */
  readonly payload?: Payload;
  /** The further fields that subscribers receive. They are read when the event is delivered, and the event is not if they are gone. */
  readonly lookedUp?: LookedUp;
  /** The fields that the log holds for the server alone. */
  readonly internal?: Internal;
  /** The payload and what is looked up. A test compares it with events that were delivered. */
  readonly example: NoInfer<Flat<Values<Payload> & Values<LookedUp>>>;
}

/** What it leaves out, and a part of a state that does not exist, do not compile. */
export const declareEvent = <
  About extends "room" | "exam",
  SeenBy extends Audience,
  Payload extends LogFields<About> = NoFields,
  LookedUp extends z.ZodRawShape = NoFields,
  Internal extends LogFields<About> = NoFields,
  RoomPart extends PartOf<RoomSnapshot> = never,
  ExamPart extends PartOf<ExamSnapshot> = never,
  PeoplePart extends PartOf<ExamPeople> = never,
>(
  declaration: Declaration<About, SeenBy, RoomPart, ExamPart, PeoplePart, Payload, LookedUp, Internal>,
) => declaration;

export const NOTHING = { room: [], exam: [], people: [] } as const;
