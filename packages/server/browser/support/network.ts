import { EventEmitter, once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { portOf } from "../../test/support/ports.js";

/** A network between the pages and the server, that can be cut, or be silent. */
export const createNetwork = async () => {
  /** Each socket, and the one to which its bytes go. */
  const sockets = new Map<Socket, Socket>();
  let target = 0;
  let isCut = false;
  let isSilent = false;
  let refusals = 0;
  const bell = new EventEmitter();
  const server = createServer((socket) => {
    if (isCut) {
      socket.resetAndDestroy();
      refusals += 1;
      bell.emit("refusal");
      return;
    }
    const onward = connect(target, "127.0.0.1");
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.set(one, other);
      if (!isSilent) one.pipe(other);
      one
        .on("error", () => other.destroy())
        .on("close", () => {
          sockets.delete(one);
          other.destroy();
        });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    leadsTo(url: string) {
      target = Number(new URL(url).port);
    },
    cut() {
      isCut = true;
      for (const socket of sockets.keys()) socket.resetAndDestroy();
    },
    /** Holds back all bytes. Connections stay open. */
    silence() {
      isSilent = true;
      for (const [one, other] of sockets) one.unpipe(other).pause();
    },
    /** Resolves when so many connections were tried while it was cut. */
    async refused(times: number) {
      while (refusals < times) await once(bell, "refusal");
    },
    mend() {
      isCut = false;
      if (!isSilent) return;
      isSilent = false;
      for (const [one, other] of sockets) one.pipe(other);
    },
    close() {
      for (const socket of sockets.keys()) socket.destroy();
      server.close();
    },
  };
};
