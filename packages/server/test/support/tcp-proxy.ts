import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { portOf } from "./ports.js";

/**
 * What the proxy does when a client sends data. `pass` forwards it. `cut` closes the connection instead.
 * `cut at response` forwards it and closes the connection when the response begins. `hold` forwards nothing from then on.
 * A number forwards it after so many milliseconds.
 */
export type Fate = "pass" | "cut" | "cut at response" | "hold" | number;

/** A proxy between clients and a server on this machine, which loses connections. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Decides about what a client sends. By default, everything is passed on. */
  fateOf: (data: Buffer) => Fate;
  /** Cuts all connections. */
  cut(): void;
}

/** @param port the port of the server, or a function that is called for each connection */
export const startTcpProxy = async (port: number | (() => number)): Promise<TcpProxy> => {
  const sockets = new Set<Socket>();
  const serve = (client: Socket): void => {
    const server = connect(typeof port === "number" ? port : port(), "127.0.0.1");
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    let cutsAtResponse = false;
    let holds = false;
    client.on("data", (data) => {
      const fate = holds ? "hold" : proxy.fateOf(data);
      if (fate === "cut") return cut();
      cutsAtResponse ||= fate === "cut at response";
      holds ||= fate === "hold";
      if (holds) return;
      if (typeof fate !== "number") {
        server.write(data);
        return;
      }
      client.pause();
      setTimeout(() => {
        server.write(data);
        client.resume();
      }, fate);
    });
    server.on("data", (data) => {
      if (cutsAtResponse) return cut();
      client.write(data);
    });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        cut();
      });
      // The other side has gone.
      socket.on("error", cut);
    }
  };
  const listener = createServer(serve).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy: TcpProxy = {
    port: portOf(listener),
    fateOf: () => "pass",
    cut: cutAll,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      cutAll();
      await once(listener, "close");
    },
  };
  return proxy;
};
