// The published types of the router name these, so this file imports nothing.

/** The room and the exam that an input names. */
export interface Ids {
  readonly roomId?: string | undefined;
  readonly examId?: string | undefined;
}

/** The ids that each subject needs of an input. */
export const NEEDED = {
  nothing: [],
  unbound: [],
  session: [],
  messageLogin: [],
  ownRooms: [],
  ownExams: [],
  room: ["roomId"],
  roomToRun: ["roomId"],
  ownSeat: ["roomId"],
  exam: ["examId"],
  examInProgress: ["examId"],
  allRooms: ["examId"],
  roomsToRun: ["examId"],
  wholeExam: ["examId"],
  deletedExam: ["examId"],
} as const satisfies Record<string, readonly (keyof Ids)[]>;

/** What a procedure is about. Each subject has one rule of access (`features/access/rules.ts`). */
export type Subject = keyof typeof NEEDED;
