import { once } from "node:events";
import { createServer, type Server } from "node:net";

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
