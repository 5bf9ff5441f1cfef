import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { identityKey } from "../identity/usage-key.js";
import { InvigilError, invalidInput } from "../platform/errors.js";

declare module "fastify" {
  interface FastifyRequest {
    /**
     * The maximum size of the body, in bytes. 0 if the body is not read, because the caller may not make the
     * call.
     */
    bodyLimit?: number;
  }
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** The default limit of a body, in bytes. */
export const MAX_BODY_BYTES = MIB;
/** The initial buffer of a body, in bytes. It grows as data arrives, regardless of the content length. */
const INITIAL_BYTES = 4 * KIB;
const INITIAL_BYTES_OF_KNOWN_LENGTH = 64 * KIB;
/** A body above 1 MiB gets one more second for each of this many bytes of its limit. */
const BYTES_PER_SECOND = 64 * KIB;
/** The maximum number of concurrent bodies of one caller, and their share of the memory for all bodies. */
const MAX_PER_CALLER = 64;
const CALLER_SHARE = 1 / 4;
/**
 * The maximum number of concurrent bodies without a token. A new one replaces the oldest, because a login
 * arrives at once.
 */
const MAX_ANONYMOUS = 256;
/**
 * How long the rest of a refused request is read and discarded, in milliseconds, so that the client reads the
 * response.
 */
const DISCARD_MS = 5_000;

/** Formats a size. */
const formatSize = (bytes: number): string =>
  bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${Math.floor(bytes / KIB)} KiB`;

export const bodyTooLarge = (limit: number): InvigilError =>
  new InvigilError("PAYLOAD_TOO_LARGE", `The body must be at most ${formatSize(limit)}.`);
const timedOut = () => new InvigilError("REQUEST_TIMEOUT", "The body did not arrive in time.");
const overloaded = () =>
  new InvigilError("OVERLOADED", "Too many bodies are being received: try again.", { retryAfterSeconds: 1 });
const tooManyOfCaller = () =>
  new InvigilError("TOO_MANY_REQUESTS", "Too many bodies of this caller are being received: try again.", {
    retryAfterSeconds: 1,
    limit: "bodies",
  });
const unreadable = () => invalidInput("body", "cannot be read");

type Done = (error: Error | null, body?: Buffer) => void;

interface PendingBody {
  /** The identity of the caller (`identityKey`). Undefined without a token. */
  readonly owner: string | undefined;
  bytes: number;
  readonly fail: (error: InvigilError) => void;
}

export interface BodiesOptions {
  /** The memory for the bodies that are being received, in bytes. */
  readonly bufferBytes: number;
  /** The time limit of a body of up to 1 MiB, in milliseconds. */
  readonly timeoutMs: number;
}

const EMPTY = Buffer.alloc(0);

export type Bodies = ReturnType<typeof createBodies>;

/** Receives request bodies within limits of size, memory, number and time. */
export const createBodies = ({ bufferBytes, timeoutMs }: BodiesOptions) => {
  const pending = new Set<PendingBody>();
  const perCaller = new Map<string, { count: number; bytes: number }>();
  let all = 0;
  let anonymous = 0;

  const ownerOf = ({ callContext }: FastifyRequest): string | undefined => {
    const identity = callContext?.identity;
    return identity === undefined || identity instanceof InvigilError ? undefined : identityKey(identity);
  };

  /** @throws TOO_MANY_REQUESTS */
  const begin = (body: PendingBody): void => {
    const { owner } = body;
    if (owner === undefined) {
      if (anonymous >= MAX_ANONYMOUS)
        for (const other of pending)
          if (other.owner === undefined) {
            other.fail(overloaded());
            break;
          }
      anonymous += 1;
    } else {
      const own = perCaller.get(owner) ?? { count: 0, bytes: 0 };
      if (own.count >= MAX_PER_CALLER) throw tooManyOfCaller();
      own.count += 1;
      perCaller.set(owner, own);
    }
    pending.add(body);
  };
  /**
   * Reserves memory for a body.
   * @throws TOO_MANY_REQUESTS, OVERLOADED
   */
  const grow = (body: PendingBody, bytes: number): void => {
    const more = bytes - body.bytes;
    const own = body.owner === undefined ? undefined : perCaller.get(body.owner);
    if (own && own.bytes + more > bufferBytes * CALLER_SHARE) throw tooManyOfCaller();
    if (all + more > bufferBytes) throw overloaded();
    body.bytes = bytes;
    all += more;
    if (own) own.bytes += more;
  };
  const end = (body: PendingBody): void => {
    if (!pending.delete(body)) return;
    all -= body.bytes;
    if (body.owner === undefined) {
      anonymous -= 1;
      return;
    }
    const own = perCaller.get(body.owner);
    if (!own) return;
    own.count -= 1;
    own.bytes -= body.bytes;
    if (own.count === 0) perCaller.delete(body.owner);
  };

  /**
   * Receives a body that is not complete yet. Its chunks are copied, because Node creates an object for each
   * chunk, however small.
   */
  const receive = (
    request: FastifyRequest,
    { limit, length, done }: { limit: number; length: number; done: Done },
  ): void => {
    const { raw } = request;
    let buffer = EMPTY;
    let size = 0;
    let isOver = false;

    const finish = (error: Error | null, content?: Buffer): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      raw.off("data", take).off("end", whole).off("error", broken).off("close", broken);
      end(body);
      done(error, content);
    };
    const attempt = (step: () => void): boolean => {
      try {
        step();
        return true;
      } catch (error) {
        // Safe: `begin` and `grow` throw only InvigilError.
        finish(error as InvigilError);
        return false;
      }
    };
    const body: PendingBody = { owner: ownerOf(request), bytes: 0, fail: finish };
    const take = (chunk: Buffer): void => {
      const needed = size + chunk.length;
      if (needed > limit) {
        finish(bodyTooLarge(limit));
        return;
      }
      if (needed > buffer.length) {
        const first = length <= INITIAL_BYTES_OF_KNOWN_LENGTH ? length : INITIAL_BYTES;
        const capacity = Math.min(limit, Math.max(needed, buffer.length * 2, first));
        if (!attempt(() => grow(body, capacity))) return;
        const larger = Buffer.allocUnsafeSlow(capacity);
        buffer.copy(larger, 0, 0, size);
        buffer = larger;
      }
      chunk.copy(buffer, size);
      size = needed;
    };
    const whole = (): void => finish(null, buffer.subarray(0, size));
    const broken = (): void => finish(unreadable());
    const ms = timeoutMs + (limit > MIB ? Math.ceil(limit / BYTES_PER_SECOND) * 1000 : 0);
    const timer = setTimeout(() => finish(timedOut()), ms).unref();
    if (!attempt(() => begin(body))) return;
    raw.on("data", take).on("end", whole).on("error", broken).on("close", broken);
  };

  return {
    /**
     * Reads at most `request.bodyLimit` bytes. If the limit is 0, nothing is read and the body is empty.
     * Fails with PAYLOAD_TOO_LARGE, REQUEST_TIMEOUT, INVALID_INPUT (incomplete body), TOO_MANY_REQUESTS or
     * OVERLOADED.
     */
    read(request: FastifyRequest, done: Done) {
      const { raw, bodyLimit: limit = MAX_BODY_BYTES } = request;
      if (limit === 0) return done(null, EMPTY);
      const length = Number(raw.headers["content-length"] ?? Number.NaN);
      if (length > limit) return done(bodyTooLarge(limit));
      // Usually the body arrives together with the headers. read() joins its chunks.
      if (raw.complete && !raw.readableEnded) {
        // Safe: a stream without an encoding yields buffers.
        const content = (raw.read() as Buffer | null) ?? EMPTY;
        return content.length > limit ? done(bodyTooLarge(limit)) : done(null, content);
      }
      receive(request, { limit, length, done });
    },
    /**
     * Counts a body that its route reads itself.
     * @returns a function that ends the count
     * @throws TOO_MANY_REQUESTS
     */
    track(request: FastifyRequest): () => void {
      const body: PendingBody = { owner: ownerOf(request), bytes: 0, fail: () => request.raw.destroy() };
      begin(body);
      return () => end(body);
    },
  };
};

/** Whether a body may be too large for its connection to wait for its end. */
const isLarge = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined ||
  Number(headers["content-length"] ?? 0) > INITIAL_BYTES_OF_KNOWN_LENGTH;

/**
 * Lets a connection that closes after its answer stay open until the body of its request has ended. Node would close it at once, and a client
 * that still sends would not read the answer.
 */
const closeAfterBody = (raw: IncomingMessage): void => {
  const { socket } = raw;
  const close = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    if (raw.complete) close();
    else raw.once("end", close).once("close", close);
  };
};

/**
 * Reads and discards the rest of a refused or unread body. The connection can be reused after a small one. The answer to a large one says that
 * the connection is closed: the client may stop sending, and makes its next call on another one. A body that does not end within some seconds
 * is given up.
 */
export const discardUnreadBodies = (app: FastifyInstance): void => {
  app.addHook("onSend", ({ raw }, reply, _payload, done) => {
    // A destroyed request has lost its connection.
    if (raw.complete === false && !raw.destroyed && app.server.listening) {
      // Fastify closes the connection when it refuses a body.
      reply.removeHeader("connection");
      if (isLarge(raw)) {
        reply.header("connection", "close");
        closeAfterBody(raw);
      }
    }
    done();
  });
  app.addHook("onResponse", ({ raw }, _reply, done) => {
    done();
    if (raw.complete !== false || raw.destroyed) return;
    const timer = setTimeout(() => raw.socket.destroy(), DISCARD_MS).unref();
    raw.once("end", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
    raw.resume();
  });
};
