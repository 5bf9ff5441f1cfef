// What services learn of a call, besides its caller and its input.

/** The room or the exam that a call names. */
export interface Named {
  readonly roomId?: string | undefined;
  readonly examId?: string | undefined;
  /** Whether the call is about all rooms of the caller if it names none. */
  readonly anyRoom?: boolean | undefined;
}

/** Identifies a call in log lines about it. */
export interface Origin {
  readonly reqId: string;
  /** The address of the client, or `in-process`. */
  readonly address: string;
}
