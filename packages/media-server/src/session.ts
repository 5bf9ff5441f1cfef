import { createSocket } from "node:dgram";
import { once } from "node:events";
import { RTCPeerConnection, RTCRtpCodecParameters, useTransportWideCC } from "werift";
import { askNoStunServer, guardIce } from "./ice-guard.js";
import type { EndReason, MediaServerOptions } from "./messages.js";
import { type Ice, type Offer, PARAMETERS, type VideoCodec } from "./offer.js";
import { guardReports } from "./rtcp-guard.js";

// One peer: a browser that publishes a stream, or that watches one.

const FEEDBACK = [{ type: "nack" }, { type: "nack", parameter: "pli" }, { type: "transport-cc" }];

const codecs = (video: VideoCodec = "VP8") => ({
  video: [
    new RTCRtpCodecParameters({
      mimeType: `video/${video}`,
      clockRate: 90_000,
      rtcpFeedback: FEEDBACK,
      ...(PARAMETERS[video] && { parameters: PARAMETERS[video] }),
    }),
  ],
  audio: [
    new RTCRtpCodecParameters({
      mimeType: "audio/opus",
      clockRate: 48_000,
      channels: 2,
      rtcpFeedback: [{ type: "transport-cc" }],
      ...(PARAMETERS.opus && { parameters: PARAMETERS.opus }),
    }),
  ],
});

/** The answer, with the address that peers send to, and without the candidates that the guard closes. */
const answerOf = (connection: RTCPeerConnection, host: string): string =>
  (connection.localDescription?.sdp ?? "")
    .replaceAll(/^a=candidate:.* tcptype active .*\r\n/gm, "")
    .replaceAll(/^(a=candidate:\S+ \d+ \S+ \d+) \S+/gm, (_, before: string) => `${before} ${host}`);

/** The content type of DTLS records that are alerts. */
const ALERT = 21;
/** Of the level "warning". */
const CLOSE_NOTIFY = Buffer.from([1, 0]);

/** Lets the peer know that the connection is closed. Without it, browsers notice after eight seconds. The library sends none. */
const notifyClose = async ({ dtlsTransports }: RTCPeerConnection): Promise<void> => {
  for (const { dtls, state } of dtlsTransports) {
    if (!dtls || state !== "connected") continue;
    // It is the last record, and the library would send it as data.
    const encrypt = dtls.cipher.encryptPacket.bind(dtls.cipher);
    dtls.cipher.encryptPacket = (packet) => {
      packet.recordLayerHeader.contentType = ALERT;
      return encrypt(packet);
    };
    await dtls.send(CLOSE_NOTIFY).catch(() => undefined);
  }
};

/** How long a peer that takes nothing may delay the end of its connection, and hold its port. */
const NOTIFY_MS = 200;

export interface Session {
  readonly id: string;
  readonly connection: RTCPeerConnection;
  readonly offer: Offer;
  /** Undefined: it has no video. */
  readonly codec: VideoCodec | undefined;
  readonly answer: string;
  /** Closes the connection. The handler of the end is called once, whoever closes it. */
  readonly close: (reason: EndReason) => void;
}

export interface SessionOptions {
  readonly id: string;
  readonly offer: Offer;
  /** Undefined: it has no video. */
  readonly codec: VideoCodec | undefined;
  readonly settings: Pick<MediaServerOptions, "address" | "host" | "connectMs">;
  /** A port of its own, for UDP and TCP. */
  readonly port: number;
  /** Prepares the connection before it answers. */
  readonly prepare: (connection: RTCPeerConnection) => void;
  readonly connected: (session: Session) => void;
  readonly ended: (id: string, reason: EndReason) => void;
  /** Called when the port is free again. */
  readonly released: () => void;
}

/** Another program uses the port. */
export class PortInUse extends Error {}

/** Whether this process can listen on a port. If it cannot, the library would leave a socket open. */
const canListen = async (address: string, port: number): Promise<boolean> => {
  const socket = createSocket("udp4");
  try {
    socket.bind({ address, port });
    await once(socket, "listening");
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
};

/** Answers an offer, and waits for the peer to connect. @throws PortInUse */
export const openSession = async ({
  id,
  offer,
  codec,
  settings: { address, host, connectMs },
  port,
  prepare,
  connected,
  ended,
  released,
}: SessionOptions): Promise<Session> => {
  if (!(await canListen(address, port))) {
    released();
    throw new PortInUse(`port ${port} is in use`);
  }
  const extension = useTransportWideCC();
  const connection = new RTCPeerConnection({
    codecs: codecs(codec),
    headerExtensions: { audio: [extension], video: [extension] },
    iceServers: [],
    iceInterfaceAddresses: { udp4: address },
    iceAdditionalHostAddresses: [address],
    iceUseIpv6: false,
    iceUseTcp: true,
    bundlePolicy: "max-bundle",
  });
  // Its constructor takes no single port, and the search through a range opens a socket for each port in use.
  connection.config.icePortRange = [port, port];
  let isClosed = false;
  let late: NodeJS.Timeout | undefined;
  const end = (reason: EndReason): void => {
    if (isClosed) return;
    isClosed = true;
    clearTimeout(late);
    ended(id, reason);
    const waited = new Promise<void>((resolve) => setTimeout(resolve, NOTIFY_MS).unref());
    void Promise.race([notifyClose(connection), waited])
      .then(() => connection.close())
      .finally(released);
  };
  try {
    prepare(connection);
    await connection.setRemoteDescription({ type: "offer", sdp: offer.withCodec(codec) });
    askNoStunServer(connection);
    await connection.setLocalDescription(await connection.createAnswer());
    await guardIce(connection);
    guardReports(connection);
    // The library leaves out what it cannot listen on.
    if (!/^a=candidate:\S+ \d+ udp /im.test(connection.localDescription?.sdp ?? ""))
      throw new PortInUse(`port ${port} is in use`);
  } catch (error) {
    isClosed = true;
    await connection.close();
    released();
    throw error;
  }
  const session: Session = { id, connection, offer, codec, answer: answerOf(connection, host), close: end };
  late = setTimeout(() => end("notConnected"), connectMs);
  connection.connectionStateChange.subscribe((state) => {
    if (state === "connected") {
      clearTimeout(late);
      connected(session);
    }
    if (state === "failed" || state === "closed") end("lost");
  });
  return session;
};

/** Restarts ICE with the peer's new user name and password. Returns the new answer. */
export const restart = async (
  { connection, offer, codec, close }: Session,
  ice: Ice,
  host: string,
): Promise<string> => {
  await connection.setRemoteDescription({ type: "offer", sdp: offer.withCodec(codec, ice) });
  await connection.setLocalDescription(await connection.createAnswer());
  // The library starts it only before the first handshake.
  for (const transport of connection.iceTransports) transport.start().catch(() => close("lost"));
  return answerOf(connection, host);
};
