import type { MediaRole } from "./messages.js";

// Offers come from anywhere, and the library that answers them was not made for that: it accepts nearly everything, and a thousand media lines
// block it for seconds. So an offer is read here, and the library gets a new one that is written from what was read.

const MAX_OFFER_BYTES = 32 * 1024;
const MAX_LINES = 1000;

const ONE_OF_EACH = "an offer has at most one m=video and one m=audio, and no other media";

export type Kind = "audio" | "video";
export type VideoCodec = "VP8" | "H264";

interface Line {
  readonly kind: Kind;
  readonly mid: string;
  readonly payloadTypes: readonly number[];
  readonly rtpmap: Map<number, string>;
  readonly fmtp: Map<number, string>;
  /** Text of the lines `a=ssrc`. */
  readonly ssrc: string | undefined;
  direction: string | undefined;
}

/** The user name and the password of ICE. */
export interface Ice {
  readonly ufrag: string;
  readonly password: string;
}

/** What is used of an offer. */
export interface Offer {
  readonly media: readonly { readonly kind: Kind; readonly mid: string }[];
  /** Undefined: it has no video. */
  readonly video: readonly VideoCodec[] | undefined;
  /** The SDP for the library: of one video codec, if it has video. With other credentials, to restart ICE. */
  readonly withCodec: (video: VideoCodec | undefined, ice?: Ice) => string;
}

/** An offer that cannot be answered. The message names what is wrong with it. */
export class InvalidOffer extends Error {}

const TOKEN = /^[\w+/-]{1,32}$/;
const ICE_CHARACTERS = /^[A-Za-z0-9+/]+$/;
const FINGERPRINT = /^sha-256 [0-9A-F]{2}(?::[0-9A-F]{2}){31}$/i;
const MAX_SSRC = 2 ** 32 - 1;

const attributeOf = (lines: readonly string[], name: string): string | undefined =>
  lines.find((line) => line.startsWith(`a=${name}:`))?.slice(name.length + 3);

/** @throws InvalidOffer */
const iceOf = (lines: readonly string[]): Ice => {
  const ufrag = attributeOf(lines, "ice-ufrag") ?? "";
  const password = attributeOf(lines, "ice-pwd") ?? "";
  if (ufrag.length < 4 || ufrag.length > 256 || !ICE_CHARACTERS.test(ufrag))
    throw new InvalidOffer("a=ice-ufrag must have 4 to 256 letters or digits");
  if (password.length < 22 || password.length > 256 || !ICE_CHARACTERS.test(password))
    throw new InvalidOffer("a=ice-pwd must have 22 to 256 letters or digits");
  return { ufrag, password };
};

const textLines = (text: string): string[] => {
  if (text.length > MAX_OFFER_BYTES)
    throw new InvalidOffer(`the offer has more than ${MAX_OFFER_BYTES} bytes`);
  const lines = text.split(/\r?\n/, MAX_LINES + 1);
  if (lines.length > MAX_LINES) throw new InvalidOffer(`the offer has more than ${MAX_LINES} lines`);
  return lines;
};

const DIRECTIONS = ["sendonly", "recvonly", "sendrecv", "inactive"];

/** @throws InvalidOffer */
const mediaLine = (line: string, lines: readonly string[]): Line => {
  const [, kind = "", protocol = "", formats = ""] = /^m=(\S+) \d{1,5} (\S+) ([\d ]+)$/.exec(line) ?? [];
  if (kind !== "audio" && kind !== "video") throw new InvalidOffer(ONE_OF_EACH);
  if (protocol !== "UDP/TLS/RTP/SAVPF") throw new InvalidOffer(`m=${kind} must be UDP/TLS/RTP/SAVPF`);
  const mid = attributeOf(lines, "mid") ?? "";
  if (!TOKEN.test(mid)) throw new InvalidOffer(`m=${kind} needs a=mid`);
  const payloadTypes = formats.split(" ").map(Number);
  if (payloadTypes.length > 100 || payloadTypes.some((type) => !(type <= 127)))
    throw new InvalidOffer(`m=${kind} has wrong payload types`);
  const numbered = (name: string): Map<number, string> => {
    const found = new Map<number, string>();
    for (const each of lines) {
      const [, number, text] = new RegExp(`^a=${name}:(\\d{1,3}) (.{1,400})$`).exec(each) ?? [];
      if (number !== undefined && text !== undefined) found.set(Number(number), text);
    }
    return found;
  };
  const ssrc = Number(/^\d{1,10}/.exec(attributeOf(lines, "ssrc") ?? "")?.[0] ?? Number.NaN);
  return {
    kind,
    mid,
    payloadTypes,
    rtpmap: numbered("rtpmap"),
    fmtp: numbered("fmtp"),
    ssrc: ssrc <= MAX_SSRC ? String(ssrc) : undefined,
    direction: DIRECTIONS.find((name) => lines.includes(`a=${name}`)) ?? "sendrecv",
  };
};

const CODECS = { opus: /^opus\/48000\/2$/i, VP8: /^VP8\/90000$/i, H264: /^H264\/90000$/i };
type Codec = keyof typeof CODECS;

/** The payload type of a codec. Of H.264, the baseline profile in the mode that all browsers have. */
const payloadOf = ({ payloadTypes, rtpmap, fmtp }: Line, codec: Codec): number | undefined =>
  payloadTypes.find((type) => {
    if (!CODECS[codec].test(rtpmap.get(type) ?? "")) return false;
    const parameters = fmtp.get(type) ?? "";
    return (
      codec !== "H264" || (/packetization-mode=1/.test(parameters) && /profile-level-id=42/i.test(parameters))
    );
  });

const H264_PARAMETERS = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
/** The parameters of codecs, in offers to the library and in what it answers. */
export const PARAMETERS: Partial<Record<Codec, string>> = {
  H264: H264_PARAMETERS,
  opus: "minptime=10;useinbandfec=1",
};

const rtpmapOf: Record<Codec, string> = { opus: "opus/48000/2", VP8: "VP8/90000", H264: "H264/90000" };

const TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/** The number of the extension for congestion control, if the offer has it. */
const transportCcOf = (lines: readonly string[]): string | undefined => {
  for (const line of lines) {
    const [, id] = /^a=extmap:(\d{1,2})(?:\/\w{1,8})? (?=http)/.exec(line) ?? [];
    if (id !== undefined && Number(id) >= 1 && Number(id) <= 14 && line.endsWith(` ${TRANSPORT_CC}`))
      return id;
  }
  return undefined;
};

/**
 * Reads an offer of a browser: of one picture, one sound or both, which it sends or receives.
 * @throws InvalidOffer
 */
export const readOffer = (text: string, role: MediaRole): Offer => {
  const lines = textLines(text);
  const starts = lines.flatMap((line, index) => (line.startsWith("m=") ? [index] : []));
  if (lines[0] !== "v=0") throw new InvalidOffer("an offer begins with v=0");
  if (starts.length < 1 || starts.length > 2) throw new InvalidOffer(ONE_OF_EACH);
  const sections = starts.map((start, index) => lines.slice(start, starts[index + 1]));
  const media = sections.map(([line = "", ...rest]) => mediaLine(line, rest));
  const video = media.find(({ kind }) => kind === "video");
  const audio = media.find(({ kind }) => kind === "audio");
  if (media.length === 2 && !(video && audio)) throw new InvalidOffer(ONE_OF_EACH);
  if (media.length === 2 && audio?.mid === video?.mid)
    throw new InvalidOffer("two media have the same a=mid");
  for (const { kind, direction } of media) {
    const wanted = role === "publish" ? ["sendonly", "sendrecv"] : ["recvonly", "sendrecv"];
    if (!wanted.includes(direction ?? "")) throw new InvalidOffer(`m=${kind} must be ${wanted[0]}`);
  }
  // Browsers give the same in each section, because everything travels on one connection.
  const ice = iceOf(lines);
  const fingerprint = attributeOf(lines, "fingerprint") ?? "";
  if (!FINGERPRINT.test(fingerprint)) throw new InvalidOffer("a=fingerprint must be of sha-256");
  if (audio && payloadOf(audio, "opus") === undefined) throw new InvalidOffer("m=audio must offer opus");

  const direction = role === "publish" ? "sendonly" : "recvonly";
  const sectionOf = (
    line: Line,
    codec: Codec,
    type: number,
    extension: string | undefined,
    { ufrag, password }: Ice,
  ): string[] => {
    const parameters = PARAMETERS[codec];
    return [
      `m=${line.kind} 9 UDP/TLS/RTP/SAVPF ${type}`,
      "c=IN IP4 0.0.0.0",
      "a=rtcp:9 IN IP4 0.0.0.0",
      `a=ice-ufrag:${ufrag}`,
      `a=ice-pwd:${password}`,
      `a=fingerprint:${fingerprint}`,
      "a=setup:actpass",
      `a=mid:${line.mid}`,
      ...(extension === undefined ? [] : [`a=extmap:${extension} ${TRANSPORT_CC}`]),
      `a=${direction}`,
      "a=rtcp-mux",
      `a=rtpmap:${type} ${rtpmapOf[codec]}`,
      ...(line.kind === "video" ? [`a=rtcp-fb:${type} nack`, `a=rtcp-fb:${type} nack pli`] : []),
      ...(extension === undefined ? [] : [`a=rtcp-fb:${type} transport-cc`]),
      ...(parameters === undefined ? [] : [`a=fmtp:${type} ${parameters}`]),
      ...(line.ssrc === undefined || role === "watch" ? [] : [`a=ssrc:${line.ssrc} cname:publisher`]),
    ];
  };
  return {
    media: media.map(({ kind, mid }) => ({ kind, mid })),
    video: video && (["VP8", "H264"] as const).filter((codec) => payloadOf(video, codec) !== undefined),
    withCodec: (codec, credentials = ice) =>
      [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        `a=group:BUNDLE ${media.map(({ mid }) => mid).join(" ")}`,
        "a=msid-semantic: WMS *",
        ...media.flatMap((line, index) => {
          // The media server sends to all watchers the same, so it needs no report of how fast their network is.
          const extension = role === "publish" ? transportCcOf(sections[index] ?? []) : undefined;
          const name = line === audio ? "opus" : codec;
          return name === undefined
            ? []
            : sectionOf(line, name, payloadOf(line, name) ?? 0, extension, credentials);
        }),
        "",
      ].join("\r\n"),
  };
};

/**
 * Reads the user name and the password of a fragment that restarts ICE (RFC 8840).
 * @throws InvalidOffer
 */
export const readFragment = (text: string): Ice => iceOf(textLines(text));
