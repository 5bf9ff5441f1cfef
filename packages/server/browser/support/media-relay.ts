import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket as TcpSocket } from "node:net";

// A network between browsers and the embedded media server, by UDP and by TCP, which drops all packets of a media session while it is cut.
// Browsers' own offline mode does not touch UDP. The server names the address of the relay to browsers (INVIGIL_MEDIA_HOST), and listens at
// the same ports of another one.

/** An address of this machine at which nothing else listens. */
export const RELAY_HOST = "127.0.0.2";

/** Opens a relay of a range of ports to the same ports of an address. */
export const openMediaRelay = async ([first, last]: readonly [number, number], target: string) => {
  /** The ports that are cut. Each belongs to a media session. */
  const cut = new Set<number>();
  const sockets: Socket[] = [];
  const servers: Server[] = [];
  const streams = new Set<TcpSocket>();

  const relayUdp = async (port: number): Promise<void> => {
    const socket = createSocket("udp4");
    /** The sockets at which the server sees each peer. */
    const peers = new Map<string, Socket>();
    socket.on("message", (packet, from) => {
      if (cut.has(port)) return;
      const key = `${from.address} ${from.port}`;
      let peer = peers.get(key);
      if (!peer) {
        peer = createSocket("udp4").on("message", (answer) => {
          if (!cut.has(port)) socket.send(answer, from.port, from.address);
        });
        // A port at which no media session is.
        peer.on("error", () => undefined);
        peers.set(key, peer);
        sockets.push(peer);
      }
      peer.send(packet, port, target);
    });
    sockets.push(socket.bind(port, RELAY_HOST));
    await once(socket, "listening");
  };
  const relayTcp = async (port: number): Promise<void> => {
    const server = createServer((socket) => {
      const onward = connect(port, target);
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        streams.add(one);
        one
          .on("data", (bytes) => {
            if (!cut.has(port)) other.write(bytes);
          })
          .on("error", () => other.destroy())
          .on("close", () => {
            streams.delete(one);
            other.destroy();
          });
      }
    }).listen(port, RELAY_HOST);
    servers.push(server);
    await once(server, "listening");
  };
  for (let port = first; port <= last; port += 1) {
    await relayUdp(port);
    await relayTcp(port);
  }
  return {
    /** Drops all packets of these ports from now on. */
    cut(ports: readonly number[]) {
      for (const port of ports) cut.add(port);
    },
    mend() {
      cut.clear();
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.close();
      for (const stream of streams) stream.destroy();
      for (const server of servers) server.close();
    },
  };
};
export type MediaRelay = Awaited<ReturnType<typeof openMediaRelay>>;
