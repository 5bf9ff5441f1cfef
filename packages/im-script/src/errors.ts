/** The error codes of the vendor's SDK, with its names. */
export const ImErrors = {
  ERROR_HAS_LOGIN: 304,
  ERROR_INVALID_PARAM: 400,
  ERROR_NO_PERMISSION: 403,
  ERROR_NO_SESSION: 404,
  ERROR_INTERNAL_BUSY: 412,
  ERROR_GROUP_NOT_JOINED: 425,
  ERROR_GROUP_NOT_EXIST: 440,
  ERROR_GROUP_DELETED: 441,
  ERROR_SEDN_GROUP_MSG_FAIL: 442,
  ERROR_REACH_MAX: 443,
  ERROR_JOIN_GROUP_FAIL: 450,
  ERROR_INTERNALE_RROR: 500,
  ERROR_INVALID_STATE: 601,
  ERROR_NOT_LOGIN: 602,
  ERROR_RECEIVE_LAST_SESSION: 603,
  ERROR_PARSE_DATA_ERROR: 604,
} as const;

/** An error as apps receive it, with a code of the SDK. */
export type ImError = Error & { readonly code: number };

export const imError = (code: number, message: string): ImError =>
  Object.assign(new Error(message), { code });

/** Returns the code of an error. Undefined for what is no `ImError`. */
export const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;
