import { networkInterfaces } from "node:os";
import {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
  useTransportWideCC,
} from "werift";

// Peers without a browser, for tests and benchmarks.

const DEADLINE_MS = 60_000;

export interface PeerOptions {
  readonly h264?: boolean;
  readonly tcp?: boolean;
  /** What it sends or receives. Default: both. */
  readonly kinds?: readonly ("video" | "audio")[];
}
const BOTH = ["video", "audio"] as const;

/** An address of this machine that other machines reach, if it has one. */
export const ADDRESS =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";

const FEEDBACK = [{ type: "nack" }, { type: "nack", parameter: "pli" }, { type: "transport-cc" }];
export const H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";

const newConnection = ({ h264 = false, tcp = false }: PeerOptions) =>
  new RTCPeerConnection({
    codecs: {
      video: [
        new RTCRtpCodecParameters({
          mimeType: h264 ? "video/H264" : "video/VP8",
          clockRate: 90_000,
          rtcpFeedback: FEEDBACK,
          ...(h264 && { parameters: H264 }),
        }),
      ],
      audio: [new RTCRtpCodecParameters({ mimeType: "audio/opus", clockRate: 48_000, channels: 2 })],
    },
    headerExtensions: { video: [useTransportWideCC()], audio: [] },
    iceServers: [],
    iceInterfaceAddresses: { udp4: ADDRESS },
    iceAdditionalHostAddresses: [ADDRESS],
    iceUseIpv6: false,
    iceUseTcp: tcp,
    bundlePolicy: "max-bundle",
  });

export interface Peer extends AsyncDisposable {
  readonly connection: RTCPeerConnection;
  readonly offer: string;
  readonly accept: (answer: string) => Promise<void>;
  readonly connected: () => Promise<void>;
}

const peerOf = async (connection: RTCPeerConnection): Promise<Peer> => {
  // The library would ask a server of Google's.
  for (const transport of connection.iceTransports) delete transport.connection.stunServer;
  await connection.setLocalDescription(await connection.createOffer());
  return {
    connection,
    offer: connection.localDescription?.sdp ?? "",
    accept: async (answer) => {
      await connection.setRemoteDescription({ type: "answer", sdp: answer });
      // After a restart. The library starts it by itself only before the first handshake.
      for (const transport of connection.iceTransports) if (transport.state === "new") void transport.start();
    },
    connected: () =>
      connection.connectionState === "connected"
        ? Promise.resolve()
        : connection.connectionStateChange
            .watch((state) => state === "connected", DEADLINE_MS)
            .then(() => undefined),
    [Symbol.asyncDispose]: () => connection.close(),
  };
};

export interface Publisher extends Peer {
  /** Sends a packet of a picture, or of sound. */
  readonly send: (kind?: "video" | "audio", payload?: Buffer) => void;
}

export const newPublisher = async (options: PeerOptions = {}): Promise<Publisher> => {
  const connection = newConnection(options);
  const tracks = {
    video: new MediaStreamTrack({ kind: "video" }),
    audio: new MediaStreamTrack({ kind: "audio" }),
  };
  for (const kind of options.kinds ?? BOTH)
    connection.addTransceiver(tracks[kind], { direction: "sendonly" });
  const peer = await peerOf(connection);
  let sequenceNumber = 0;
  return {
    ...peer,
    send: (kind = "video", payload = Buffer.alloc(500)) => {
      sequenceNumber += 1;
      const header = new RtpHeader({ sequenceNumber, timestamp: sequenceNumber * 3000, marker: true });
      tracks[kind].writeRtp(new RtpPacket(header, payload));
    },
  };
};

export interface Viewer extends Peer {
  readonly received: { readonly kind: string; readonly sequenceNumber: number; readonly bytes: number }[];
}

export const newViewer = async (options: PeerOptions = {}): Promise<Viewer> => {
  const connection = newConnection(options);
  const received: Viewer["received"] = [];
  connection.onTrack.subscribe((track) => {
    track.onReceiveRtp.subscribe(({ header, payload }) => {
      received.push({ kind: track.kind, sequenceNumber: header.sequenceNumber, bytes: payload.length });
    });
  });
  for (const kind of options.kinds ?? BOTH) connection.addTransceiver(kind, { direction: "recvonly" });
  return { ...(await peerOf(connection)), received };
};
