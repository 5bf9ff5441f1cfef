/** The greatest length of an exam's name. */
export const MAX_EXAM_NAME = 63;
