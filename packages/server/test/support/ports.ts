import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";

/** Returns the TCP port on which a server listens. */
export const portOf = (server: Pick<Server, "address">): number => {
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("the server listens on no port");
  return address.port;
};

/** Returns a port of the loopback interface that nothing listens on. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
};

/** Returns a port of the loopback interface that refuses connections. Until it is disposed of, nothing else can listen on it. */
export const openRefusingPort = async (): Promise<AsyncDisposable & { readonly port: number }> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // The near end of a connection has a port to itself.
  const socket = connect(portOf(server), "127.0.0.1");
  await once(socket, "connect");
  const { localPort: port } = socket;
  if (port === undefined) throw new Error("the connection has no port");
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
      socket.destroy();
      await once(server, "close");
    },
  };
};
