import { TRPCClientError } from "@trpc/client";
import type { TRPC_ERROR_CODE_KEY } from "@trpc/server";
import { isErrorCode } from "./error-codes.js";
import { type CallError, callError } from "./errors.js";
import { assertJson, type Fetch, type RequestParts, responseOf } from "./http.js";
import type { AudioClip } from "./procedures.js";
import type { ErrorShape } from "./router.js";

/** An audio file, and how the library of the server shows it. */
export interface AudioFile {
  /** The content of the file: MP3, WAV, Ogg or M4A. */
  readonly file: Blob;
  /** The name of the clip. */
  readonly name: string;
  /** The class of the clip: a number that the school chooses. Absent: 0. */
  readonly classify?: number | undefined;
  /** Whether the clip is offered by exams that have no manual audio of their own. Absent: no. */
  readonly isDefault?: boolean | undefined;
}

/** How far an upload is, in bytes of the request. */
export interface UploadProgress {
  readonly sent: number;
  readonly total: number;
}

export interface UploadOptions {
  /** Aborts the upload. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called as the file is sent. Browsers report it. Elsewhere, and with a `fetch` of your own, it is called once, when the file has been
   * sent.
   */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
}

/** Uploads an audio file to the library, and resolves with its clip. */
export type UploadAudio = (audio: AudioFile, options?: UploadOptions) => Promise<AudioClip>;

interface Request {
  readonly url: string;
  readonly headers: Headers;
  readonly body: FormData;
  readonly signal: AbortSignal | undefined;
}
/** Sends a request, and resolves with its response, whose body has arrived. Rejects if none arrives. */
type Send = (request: Request) => Promise<Response>;

/** With XMLHttpRequest, because `fetch` does not report how much it has sent. */
const sendWithProgress =
  (onProgress: (progress: UploadProgress) => void): Send =>
  ({ url, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", url);
      headers.forEach((value, name) => {
        request.setRequestHeader(name, value);
      });
      request.upload.onprogress = ({ loaded, total }) => onProgress({ sent: loaded, total });
      request.onload = () => {
        const named = ["content-type", "retry-after"].flatMap((name) => {
          const value = request.getResponseHeader(name);
          return value === null ? [] : [[name, value] as [string, string]];
        });
        resolve(new Response(request.responseText, { status: request.status, headers: named }));
      };
      request.onerror = () => reject(new Error("the connection failed"));
      const abort = () => request.abort();
      signal?.addEventListener("abort", abort, { once: true });
      request.onloadend = () => signal?.removeEventListener("abort", abort);
      request.onabort = () => reject(new Error("aborted"));
      request.send(body);
    });

const sendWith =
  (fetch: Fetch): Send =>
  async ({ url, headers, body, signal }) => {
    const response = await fetch(url, { method: "POST", headers, body, signal: signal ?? null });
    return new Response(await response.text(), response);
  };

/** The codes of tRPC by HTTP status, of the errors that an upload can have. */
const TRPC_CODES: Readonly<Record<number, TRPC_ERROR_CODE_KEY>> = {
  400: "BAD_REQUEST",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  408: "TIMEOUT",
  409: "CONFLICT",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  429: "TOO_MANY_REQUESTS",
  502: "BAD_GATEWAY",
  503: "SERVICE_UNAVAILABLE",
};
/** The code of JSON-RPC for an error that says more in its data. */
const FAILED = -32603;

/** What the server answers: the format of its REST paths. */
interface Envelope {
  readonly success: boolean;
  readonly code: number;
  readonly errorMsg: string;
  readonly reason?: unknown;
  readonly requestId?: string;
  readonly data?: AudioClip;
}

/** Returns the error of a call with what the server said. */
const refusalOf = ({ code, errorMsg, reason, requestId }: Envelope, { headers }: Response): CallError => {
  if (!isErrorCode(reason)) return callError(new Error(errorMsg));
  const wait = Number(headers.get("retry-after"));
  const data: ErrorShape["data"] = {
    code: TRPC_CODES[code] ?? "INTERNAL_SERVER_ERROR",
    httpStatus: code,
    path: "audio.upload",
    reason,
    requestId,
    fieldErrors: {},
    ...(wait > 0 && { retryAfterSeconds: wait }),
  };
  return TRPCClientError.from({ error: { message: errorMsg, code: FAILED, data } });
};

/**
 * Uploads an audio file to `url`.
 * @param ownFetch - the application's own `fetch`, which reports no progress
 */
export const upload = async (
  url: string,
  parts: RequestParts,
  ownFetch: Fetch | undefined,
  { file, name, classify, isDefault }: AudioFile,
  { signal, onProgress }: UploadOptions = {},
): Promise<AudioClip> => {
  const body = new FormData();
  body.set("name", name);
  if (classify !== undefined) body.set("classify", String(classify));
  if (isDefault !== undefined) body.set("isDefault", String(isDefault));
  body.set("file", file);
  const hasProgress = onProgress && !ownFetch && typeof XMLHttpRequest === "function";
  const send = hasProgress ? sendWithProgress(onProgress) : sendWith(ownFetch ?? globalThis.fetch);
  try {
    signal?.throwIfAborted();
    const headers = await parts.headers();
    signal?.throwIfAborted();
    const response = await responseOf(url, () => send({ url, headers, body, signal }));
    assertJson(url, response);
    // Safe: the server answers each request to this path in this format.
    const envelope = (await response.json()) as Envelope;
    if (!envelope.success || !envelope.data) throw refusalOf(envelope, response);
    if (!hasProgress) onProgress?.({ sent: file.size, total: file.size });
    return envelope.data;
  } catch (error) {
    // The reason can be any value, and tRPC wraps any value.
    if (signal?.aborted) throw TRPCClientError.from(signal.reason as object);
    throw callError(error);
  }
};
