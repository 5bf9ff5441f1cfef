import type { Server } from "node:net";
import {
  type Address,
  Connection,
  classes,
  parseMessage,
  type RTCPeerConnection,
  TcpActiveProtocol,
} from "werift";

// The library answers every STUN request, also those of strangers, with more bytes than they sent, and takes packets from any address. Here
// only the peer is heard: who signs its checks with the password of the answer, and then the addresses that such checks came from.

/** The members of a transport that receive from the network. */
interface Receiver {
  /** Of a transport that others connect to. */
  readonly server?: Server;
  datagramReceived?: (data: Buffer, address: Address) => void;
  handleFrame?: (data: Buffer, address: Address) => void;
  close(): Promise<void>;
}
/** The private members of a connection that are used here. */
interface Guarded {
  readonly userHistory: Readonly<Record<string, string>>;
  protocols: Receiver[];
}

/** A peer has a few addresses, and those of a network that it moved to. */
const MAX_CHECKED = 16;
/** How long a connection may stay open whose address is not checked. */
const UNCHECKED_MS = 5_000;
/** The first byte of STUN messages is below it. */
const FIRST_BYTE_AFTER_STUN = 4;

const keyOf = ([host, port]: Address) => `${host} ${port}`;

/** Whether a request is signed for a user name of ours. */
const isSigned = (data: Buffer, passwords: Readonly<Record<string, string>>): boolean => {
  const message = parseMessage(data);
  if (message?.messageClass !== classes.REQUEST) return false;
  const name: unknown = message.getAttributeValue("USERNAME");
  const ours = typeof name === "string" ? name.split(":", 1)[0] : undefined;
  const password = ours !== undefined && Object.hasOwn(passwords, ours) ? passwords[ours] : undefined;
  return (
    password !== undefined &&
    message.attributesKeys.includes("MESSAGE-INTEGRITY") &&
    parseMessage(data, Buffer.from(password)) !== undefined
  );
};

/** Without a server for STUN, the library asks one of Google's. Call it before candidates are gathered. */
export const askNoStunServer = ({ iceTransports }: RTCPeerConnection): void => {
  for (const { connection } of iceTransports) delete connection.stunServer;
};

/** Closes connections of strangers, who could hold any number of them, and send frames that never end. */
const limitStrangers = (server: Server, checked: ReadonlySet<string>): void => {
  server.maxConnections = MAX_CHECKED;
  server.on("connection", (socket) => {
    const { remoteAddress = "", remotePort = 0 } = socket;
    const late = setTimeout(() => {
      if (!checked.has(keyOf([remoteAddress, remotePort]))) socket.destroy();
    }, UNCHECKED_MS);
    socket.once("close", () => clearTimeout(late));
  });
};

/** Lets the transports of a peer hear only that peer. Call it before the peer learns where they listen. */
export const guardIce = async ({ iceTransports }: RTCPeerConnection): Promise<void> => {
  for (const { connection } of iceTransports) {
    if (!(connection instanceof Connection)) throw new TypeError("ICE has another connection");
    // Safe: the members exist in the pinned version, and a test sends packets of strangers.
    const guarded = connection as unknown as Guarded;
    // It would connect to addresses that the peer chooses.
    const isActive = (protocol: object): boolean => protocol instanceof TcpActiveProtocol;
    const active = guarded.protocols.filter(isActive);
    guarded.protocols = guarded.protocols.filter((protocol) => !isActive(protocol));
    await Promise.all(active.map((protocol) => protocol.close()));

    const checked = new Set<string>();
    const isHeard = (data: Buffer, address: Address): boolean => {
      const key = keyOf(address);
      const [first = 0] = data;
      if (first >= FIRST_BYTE_AFTER_STUN) return checked.has(key);
      // A response is compared with the request that it answers.
      if ((data[0] ?? 0) & 1) return checked.has(key);
      if (!isSigned(data, guarded.userHistory)) return false;
      if (checked.size < MAX_CHECKED) checked.add(key);
      return checked.has(key);
    };
    for (const protocol of guarded.protocols) {
      if (protocol.server) limitStrangers(protocol.server, checked);
      for (const member of ["datagramReceived", "handleFrame"] as const) {
        const receive = protocol[member]?.bind(protocol);
        if (receive)
          protocol[member] = (data, address) => {
            if (isHeard(data, address)) receive(data, address);
          };
      }
    }
  }
};
