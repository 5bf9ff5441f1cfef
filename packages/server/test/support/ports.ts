import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Returns a port of the loopback interface that nothing listens on. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // Safe: a server that listens on a TCP port has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};
