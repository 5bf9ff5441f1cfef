import type { FastifyInstance, FastifyRequest } from "fastify";
import { identityKey } from "../identity/usage-key.js";
import { InvigilError, invalidInput } from "../platform/errors.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The most that the route takes of a body, in bytes; 0 where none is read, because the caller may not make the call. */
    bodyLimit?: number;
  }
}

const KIB = 1024;
const MIB = 1024 * KIB;
/** The most that any route takes unless it says so itself. */
export const MAX_BODY_BYTES = MIB;
/** Memory for a body at first; more is taken as it arrives, whatever length was announced. */
const FIRST_BYTES = 4 * KIB;
const FIRST_BYTES_KNOWN = 64 * KIB;
/** Beyond 1 MiB, a body gets a second more for each so many bytes that its route takes. */
const BYTES_A_SECOND = 64 * KIB;
/** Bodies that one person sends at a time, and what share of the memory for all bodies they take, at most. */
const MOST_OF_PERSON = 64;
const SHARE_OF_PERSON = 1 / 4;
/** Bodies of requests without a token, at most. The oldest has to go for a new one: a login arrives at once. */
const MOST_UNKNOWN = 256;
/** How long what a refused request still sends is read and dropped, so that its client comes to read the answer, in milliseconds. */
const DROPPED_MS = 5_000;

/** A size for people. */
const inWords = (bytes: number): string =>
  bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${Math.floor(bytes / KIB)} KiB`;

export const bodyTooLarge = (limit: number): InvigilError =>
  new InvigilError("PAYLOAD_TOO_LARGE", `The body must be at most ${inWords(limit)}.`);
const late = () => new InvigilError("REQUEST_TIMEOUT", "The body did not arrive in time.");
const overloaded = () =>
  new InvigilError("OVERLOADED", "Too many bodies are being received: try again.", { retryAfterSeconds: 1 });
const tooManyOfPerson = () =>
  new InvigilError("TOO_MANY_REQUESTS", "Too many bodies of this caller are being received: try again.", {
    retryAfterSeconds: 1,
  });
const unreadable = () => invalidInput("body", "cannot be read");

type Done = (error: Error | null, body?: Buffer) => void;

/** A body that is being received. */
interface Arriving {
  /** Whose it is, as `identityKey` says; undefined without a token. */
  readonly owner: string | undefined;
  bytes: number;
  readonly fail: (error: InvigilError) => void;
}

export interface BodiesOptions {
  /** Memory for the bodies that are being received. */
  readonly bufferBytes: number;
  /** How long a body of up to 1 MiB may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Receives the bodies of requests, within bounds of size, memory, number and time. */
export interface Bodies {
  /**
   * The body as bytes, of at most `request.bodyLimit`; where that is 0 nothing is read, and the body counts as empty.
   * Fails with PAYLOAD_TOO_LARGE, REQUEST_TIMEOUT, INVALID_INPUT (broken off), TOO_MANY_REQUESTS, OVERLOADED.
   */
  read(request: FastifyRequest, done: Done): void;
  /** Counts a body that its route reads by itself, piece by piece. @returns what ends that. @throws TOO_MANY_REQUESTS */
  hold(request: FastifyRequest): () => void;
}

const EMPTY = Buffer.alloc(0);

export const createBodies = ({ bufferBytes, timeoutMs }: BodiesOptions): Bodies => {
  const arriving = new Set<Arriving>();
  const ofPerson = new Map<string, { count: number; bytes: number }>();
  let all = 0;
  let unknown = 0;

  const ownerOf = ({ callContext }: FastifyRequest): string | undefined => {
    const identity = callContext?.identity;
    return identity === undefined || identity instanceof InvigilError ? undefined : identityKey(identity);
  };

  /** @throws TOO_MANY_REQUESTS */
  const begin = (body: Arriving): void => {
    const { owner } = body;
    if (owner === undefined) {
      if (unknown >= MOST_UNKNOWN)
        for (const other of arriving)
          if (other.owner === undefined) {
            other.fail(overloaded());
            break;
          }
      unknown += 1;
    } else {
      const own = ofPerson.get(owner) ?? { count: 0, bytes: 0 };
      if (own.count >= MOST_OF_PERSON) throw tooManyOfPerson();
      own.count += 1;
      ofPerson.set(owner, own);
    }
    arriving.add(body);
  };
  /** Takes memory for a body. @throws TOO_MANY_REQUESTS, OVERLOADED */
  const grow = (body: Arriving, bytes: number): void => {
    const more = bytes - body.bytes;
    const own = body.owner === undefined ? undefined : ofPerson.get(body.owner);
    if (own && own.bytes + more > bufferBytes * SHARE_OF_PERSON) throw tooManyOfPerson();
    if (all + more > bufferBytes) throw overloaded();
    body.bytes = bytes;
    all += more;
    if (own) own.bytes += more;
  };
  const end = (body: Arriving): void => {
    if (!arriving.delete(body)) return;
    all -= body.bytes;
    if (body.owner === undefined) {
      unknown -= 1;
      return;
    }
    const own = ofPerson.get(body.owner);
    if (!own) return;
    own.count -= 1;
    own.bytes -= body.bytes;
    if (own.count === 0) ofPerson.delete(body.owner);
  };

  /** Receives a body that has not arrived as a whole yet. Its pieces are copied: Node makes an object of each, however small. */
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
        // Safe: `begin` and `grow` throw nothing else.
        finish(error as InvigilError);
        return false;
      }
    };
    const body: Arriving = { owner: ownerOf(request), bytes: 0, fail: finish };
    const take = (chunk: Buffer): void => {
      const needed = size + chunk.length;
      if (needed > limit) {
        finish(bodyTooLarge(limit));
        return;
      }
      if (needed > buffer.length) {
        const first = length <= FIRST_BYTES_KNOWN ? length : FIRST_BYTES;
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
    const ms = timeoutMs + (limit > MIB ? Math.ceil(limit / BYTES_A_SECOND) * 1000 : 0);
    const timer = setTimeout(() => finish(late()), ms).unref();
    if (!attempt(() => begin(body))) return;
    raw.on("data", take).on("end", whole).on("error", broken).on("close", broken);
  };

  return {
    read(request, done) {
      const { raw, bodyLimit: limit = MAX_BODY_BYTES } = request;
      if (limit === 0) return done(null, EMPTY);
      const length = Number(raw.headers["content-length"] ?? Number.NaN);
      if (length > limit) return done(bodyTooLarge(limit));
      // Mostly it came with its head. Of several pieces it makes one.
      if (raw.complete && !raw.readableEnded) {
        // Safe: without an encoding set, a stream of bytes gives bytes.
        const content = (raw.read() as Buffer | null) ?? EMPTY;
        return content.length > limit ? done(bodyTooLarge(limit)) : done(null, content);
      }
      receive(request, { limit, length, done });
    },
    hold(request) {
      const body: Arriving = { owner: ownerOf(request), bytes: 0, fail: () => request.raw.destroy() };
      begin(body);
      return () => end(body);
    },
  };
};

/**
 * What comes of a body that was refused, or that no route reads, is dropped as it comes. The connection goes on after it; one on which it
 * does not end within some seconds is closed.
 */
export const dropRefusedBodies = (app: FastifyInstance): void => {
  app.addHook("onSend", (request, reply, _payload, done) => {
    // Fastify closes the connection when a body is refused: clients that still send would not come to read why.
    if (request.raw.complete === false && app.server.listening) reply.removeHeader("connection");
    done();
  });
  app.addHook("onResponse", ({ raw }, _reply, done) => {
    done();
    if (raw.complete !== false || raw.destroyed) return;
    const timer = setTimeout(() => raw.socket.destroy(), DROPPED_MS).unref();
    raw.once("end", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
    raw.resume();
  });
};
