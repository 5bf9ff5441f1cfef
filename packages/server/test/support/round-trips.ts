import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { portOf } from "./ports.js";

/** A proxy between a server in this process and PostgreSQL, which counts round trips. */
export interface RoundTrips extends AsyncDisposable {
  /** The URL of the database, through the proxy. */
  readonly url: string;
  /**
   * Runs work, and waits until nothing that it began asks the database any more. Returns the number of round trips: answers after something
   * was sent on that connection. Statements that are sent together are one. Those on several connections count each.
   */
  count(work: () => Promise<unknown>): Promise<number>;
}

/** Turns of the event loop without a request to the database, after which none follows. A few lead from an answer to the next request. */
const QUIET_TURNS = 25;

/** Makes a function that counts the messages of these types in a stream of PostgreSQL's protocol. The first message of a client has no type. */
const messageCounter = (types: string, isFirstUntyped: boolean) => {
  let rest = Buffer.alloc(0);
  let typeBytes = isFirstUntyped ? 0 : 1;
  return (chunk: Buffer): number => {
    rest = Buffer.concat([rest, chunk]);
    let found = 0;
    while (rest.length >= typeBytes + 4) {
      const length = typeBytes + rest.readInt32BE(typeBytes);
      if (rest.length < length) break;
      if (typeBytes === 0 || types.includes(String.fromCharCode(rest[0] ?? 0))) found += 1;
      rest = rest.subarray(length);
      typeBytes = 1;
    }
    return found;
  };
};
/** Counts what the server answers with `ReadyForQuery`: the start of a session, simple queries, and `Sync`. */
const requestCounter = () => messageCounter("QS", true);
const answerCounter = () => messageCounter("Z", false);

export const countRoundTrips = async (databaseUrl: string): Promise<RoundTrips> => {
  const { hostname, port } = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let trips = 0;
  /** Requests that the database has not answered completely. */
  let open = 0;

  const serve = (client: Socket): void => {
    const server = connect(Number(port || 5432), hostname);
    const requestsIn = requestCounter();
    const answersIn = answerCounter();
    let openHere = 0;
    const note = (requests: number): void => {
      openHere += requests;
      open += requests;
    };
    let held: Buffer[] = [];
    let isWaiting = false;
    const forward = (): void => {
      server.write(Buffer.concat(held));
      held = [];
      isWaiting = true;
    };
    client.on("data", (data: Buffer) => {
      note(requestsIn(data));
      // What the client writes in one turn arrives in one turn. The database gets it at once, as if the proxy were not there.
      if (held.length === 0) setImmediate(forward);
      held.push(data);
    });
    server.on("data", (data: Buffer) => {
      if (isWaiting) trips += 1;
      isWaiting = false;
      note(-answersIn(data));
      client.write(data);
    });
    for (const socket of [client, server]) {
      socket.setNoDelay();
      sockets.add(socket);
      // The other side has gone.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
        note(-openHere);
      });
    }
  };

  const untilQuiet = async (): Promise<void> => {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet = open === 0 ? quiet + 1 : 0) await nextTurn();
  };

  const listener = createServer(serve).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${portOf(listener)}`;
  return {
    url: url.href,
    async count(work) {
      await untilQuiet();
      const before = trips;
      await work();
      await untilQuiet();
      return trips - before;
    },
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
      await once(listener, "close");
    },
  };
};
