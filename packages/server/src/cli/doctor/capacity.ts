import type { Config } from "../../config.js";
import type { Demand } from "../../features/capacity/service.js";
import { localTime } from "../time.js";
import { type Finding, findingsOf } from "./finding.js";

// Whether what is planned fits what the vendors' services carry.

/** Groups that one app of `aliyun_new` may have. Source: the vendor's page of CreateLiveMessageGroup. */
const GROUPS_PER_APP = 5000;
/** From this share on it is worth a warning. */
const NEARLY = 0.8;

const pushCapacity = ({ streamPushLimit, timeZone, streams }: Config, { peak }: Demand): Finding => {
  const { ok, warning } = findingsOf("push capacity");
  if (!peak || peak.examinees === 0) return ok("no candidates are planned");
  const names = peak.exams.length > 3 ? `${peak.exams.length} exams` : peak.exams.join(", ");
  const found = `${peak.examinees} candidates with ${peak.streams} streams at ${localTime(timeZone)(peak.at)} (${names}); a push domain carries ${streamPushLimit}`;
  if (peak.streams <= streamPushLimit || !streams.domains) return ok(found);
  const limit = Math.floor(streamPushLimit / 2);
  return warning(
    found,
    `Hold exams of at most ${limit} candidates at a time, or ask the vendor for more and set INVIGIL_STREAM_PUSH_LIMIT.`,
  );
};

const messageGroups = ({ aliyunIm }: Config, { groups }: Demand): Finding => {
  const { ok, warning } = findingsOf("message groups");
  if (!aliyunIm) return ok(`${groups.aliyun_new} rooms in progress; the built-in service has no limit`);
  const found = `${groups.aliyun_new} rooms in progress; an app has at most ${GROUPS_PER_APP} groups`;
  return groups.aliyun_new < GROUPS_PER_APP * NEARLY
    ? ok(found)
    : warning(found, "End the rooms that are over: `invigil room list` shows them.");
};

/** Compares what the exams to come need with what there is. */
export const examineCapacity = (config: Config, demand: Demand): Finding[] => [
  pushCapacity(config, demand),
  messageGroups(config, demand),
];
