import { createSocket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";

/** The IPv4 addresses of this machine at which others may reach it. */
export const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).flatMap(({ family, internal, address }) =>
      family === "IPv4" && !internal ? [address] : [],
    ),
  );

/** An address outside of every network (RFC 5737). */
const ELSEWHERE = "192.0.2.255";

/**
 * Returns the address from which this machine reaches other networks: that of its Wi-Fi or cable, and not that of a virtual machine.
 * Nothing is sent. Undefined if the machine has no network.
 */
export const outwardAddress = async (): Promise<string | undefined> => {
  const all = ownAddresses();
  const socket = createSocket("udp4");
  try {
    const connected = once(socket, "connect");
    socket.connect(9, ELSEWHERE);
    await connected;
    const { address } = socket.address();
    return all.includes(address) ? address : all[0];
  } catch {
    // There is no route to other networks.
    return all[0];
  } finally {
    socket.close();
  }
};
