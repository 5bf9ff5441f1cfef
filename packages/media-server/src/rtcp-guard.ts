import {
  GenericNack,
  PictureLossIndication,
  type RTCPeerConnection,
  type RTCRtpSender,
  RtcpPacketConverter,
  RtcpPayloadSpecificFeedback,
  RtcpRrPacket,
  RtcpSrPacket,
  RtcpTransportLayerFeedback,
  type RtpPacket,
} from "werift";
import { createBudget } from "./budget.js";

// The library reads as many reports (RTCP) as a peer sends, and sends a packet again as often as a report asks for it. Here a session has so
// many bytes of reports, and of packets that are sent again.

/** The most bytes of reports of a peer in a second. Browsers send a tenth of it, and on a bad network a third. */
const MAX_REPORT_BYTES = 20_000;
const NOTHING = Buffer.alloc(0);
const HEADER_BYTES = 4;

/** Whether a report is one that is used. The format is the one of feedback, and the number of blocks in other reports. */
const isUsed = (type: number, format: number): boolean =>
  type === RtcpSrPacket.type ||
  type === RtcpRrPacket.type ||
  (type === RtcpTransportLayerFeedback.type && format === GenericNack.count) ||
  (type === RtcpPayloadSpecificFeedback.type && format === PictureLossIndication.count);

/** The used reports of a packet, which may have several. */
const usedReports = (packet: Buffer): Buffer[] => {
  const used: Buffer[] = [];
  let end = 0;
  for (let start = 0; start + HEADER_BYTES <= packet.length; start = end) {
    end = start + HEADER_BYTES + packet.readUInt16BE(start + 2) * 4;
    if (isUsed(packet.readUInt8(start + 1), packet.readUInt8(start) & 31))
      used.push(packet.subarray(start, end));
  }
  return used;
};

/** Lets a connection read a bounded number of reports, of the kinds that are used alone. Call it before the peer connects. */
export const guardReports = ({ dtlsTransports }: RTCPeerConnection): void => {
  for (const transport of dtlsTransports) {
    const budget = createBudget(MAX_REPORT_BYTES, 1);
    transport.onStateChange.subscribe((state) => {
      if (state !== "connected") return;
      const { srtcp } = transport;
      const decrypt = srtcp.decrypt;
      srtcp.decrypt = (data) => {
        if (!budget.take(data.length)) return NOTHING;
        // One at a time: the library takes what follows a report for a part of it.
        for (const report of usedReports(decrypt(data)))
          for (const one of RtcpPacketConverter.deSerialize(report)) transport.onRtcp.execute(one);
        return NOTHING;
      };
    });
  }
};

/** Private members of a sender. */
interface Guarded {
  /** The last packets, each at its number modulo the length. */
  readonly rtpCache: readonly (RtpPacket | undefined)[];
  /** The round trip, in seconds. Undefined: it was not measured yet. */
  readonly rtt?: number;
}
/** As long as the library keeps. */
const KEPT_PACKETS = 128;
/** The round trip until it is measured. Browsers assume the same. */
const FIRST_ROUND_TRIP_MS = 100;
/** The shortest round trip that is believed. A peer can report any. */
const MIN_ROUND_TRIP_MS = 20;

/**
 * Lets a sender send a packet again at most once in a round trip.
 * @param maySend asks whether so many bytes may be sent again now, and counts them if so
 */
export const guardRepeats = (sender: RTCRtpSender, maySend: (bytes: number) => boolean): void => {
  // Safe: the members exist in the pinned version, and a test asks for packets again and again.
  const guarded = sender as unknown as Guarded;
  const repeatedAt = new WeakMap<RtpPacket, number>();
  const mayRepeat = (number: number): boolean => {
    const packet = guarded.rtpCache[number % KEPT_PACKETS];
    if (packet?.header.sequenceNumber !== number) return false;
    const now = performance.now();
    const roundTripMs =
      guarded.rtt === undefined ? FIRST_ROUND_TRIP_MS : Math.max(MIN_ROUND_TRIP_MS, guarded.rtt * 1000);
    if (now - (repeatedAt.get(packet) ?? Number.NEGATIVE_INFINITY) < roundTripMs) return false;
    if (!maySend(packet.header.serializeSize + packet.payload.length)) return false;
    repeatedAt.set(packet, now);
    return true;
  };
  const handle = sender.handleRtcpPacket.bind(sender);
  sender.handleRtcpPacket = (packet) => {
    if (packet instanceof RtcpTransportLayerFeedback && packet.feedback instanceof GenericNack)
      packet.feedback.lost = packet.feedback.lost.filter(mayRepeat);
    handle(packet);
  };
};
