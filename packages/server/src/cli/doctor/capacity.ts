import type { Config } from "../../config/config.js";
import type { Demand, Peak } from "../../features/check/capacity.js";
import { streamCarrierOf } from "../../providers/stream-carrier.js";
import { timeFormatter } from "../time.js";
import { type Finding, findingsOf } from "./finding.js";

// Checks whether the planned exams fit the capacity of the vendors' services.

/**
 * The maximum number of groups of one app of `aliyun_new`. Source: the vendor's documentation of
 * CreateLiveMessageGroup.
 */
const GROUPS_PER_APP = 5000;
/** The share of the capacity above which the check warns. */
const NEARLY = 0.8;

const mediaServer = ({ media: { host, ports } }: Config): Finding =>
  findingsOf("media server").ok(
    `the embedded one, ports ${ports.join("-")}, UDP and TCP, ${host ?? "at this machine's address"}`,
    host === undefined
      ? "Set INVIGIL_MEDIA_HOST if candidates reach this machine at another address."
      : undefined,
  );

/**
 * Checks what carries the streams of cameras. The vendor's service needs domains: without them, a planned exam cannot take place. Without a
 * planned exam, they are optional.
 */
export const streamService = (config: Config, demand: Demand | undefined): Finding => {
  const { domains } = config.streams;
  if (config.streamService === "embedded") return mediaServer(config);
  const { ok, off, failed } = findingsOf("stream domains");
  if (domains) return ok(`${domains.pushDomain}, ${domains.pullDomain}`);
  const found = "not set: stream URLs refer to hosts that do not exist";
  const todo = "Set INVIGIL_STREAM_PUSH_DOMAIN and the three related settings.";
  const { peak } = demand ?? {};
  if (!peak) return off(found, todo);
  return failed(`${found}, and ${namesOf(peak)} is planned`, todo);
};

/** Checks whether browsers can play streams without the vendor's player. */
export const streamsInBrowsers = ({
  streamService: service,
  streams: { domains },
  streamPlayers: { hlsUrl, whepUrl },
}: Config): Finding => {
  const { ok, off } = findingsOf("streams in browsers");
  if (service === "embedded") return ok("WebRTC by the embedded media server");
  const set = [...(hlsUrl ? [`HLS at ${hlsUrl}`] : []), ...(whepUrl ? [`WHEP at ${whepUrl}`] : [])];
  if (set.length > 0) return ok(set.join(", "));
  return off(
    "only the vendor's player plays streams",
    domains && "Set INVIGIL_STREAM_HLS_URL or INVIGIL_STREAM_WHEP_URL.",
  );
};

const namesOf = ({ exams }: Peak): string => (exams.length > 3 ? `${exams.length} exams` : exams.join(", "));

const pushCapacity = (config: Config, { peak }: Demand): Finding => {
  const { ok, failed } = findingsOf("push capacity");
  if (!peak || peak.examinees === 0) return ok("no candidates are planned");
  const { service, limit } = streamCarrierOf(config);
  const [carrier, more] =
    service === "embedded"
      ? ["the embedded media server", "set up a stream service: docs/media.md"]
      : ["a push domain", "ask the vendor for more and set INVIGIL_STREAM_PUSH_LIMIT"];
  const found = `${peak.examinees} candidates with ${peak.streams} streams at ${timeFormatter(config.timeZone)(peak.at)} (${namesOf(peak)}); ${carrier} supports ${limit}`;
  if (peak.streams <= limit) return ok(found);
  const most = Math.floor((limit * peak.examinees) / peak.streams);
  return failed(found, `Hold exams of at most ${most} candidates at a time, or ${more}.`);
};

const messageGroups = ({ aliyunIm }: Config, { groups }: Demand): Finding => {
  const { ok, warning } = findingsOf("message groups");
  if (!aliyunIm) return ok(`${groups.aliyun_new} rooms in progress; the built-in service has no limit`);
  const found = `${groups.aliyun_new} rooms in progress; an app has at most ${GROUPS_PER_APP} groups`;
  return groups.aliyun_new < GROUPS_PER_APP * NEARLY
    ? ok(found)
    : warning(found, "End the rooms that are over: `invigil room list` shows them.");
};

/** Compares the demand of planned exams with the capacity. */
export const checkCapacity = (config: Config, demand: Demand): Finding[] => [
  pushCapacity(config, demand),
  messageGroups(config, demand),
];
