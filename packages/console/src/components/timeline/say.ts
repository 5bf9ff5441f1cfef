import { useFormatter, useTranslations } from "use-intl";
import type { Row } from "../../live/feed.js";
import type { Decision, Entry } from "../../live/timeline.js";
import { useShortLength } from "../duration.js";
import type { State } from "../state-mark.js";
import { useTimeOfDay, useZone } from "../time.js";
import { useTypeName } from "../type-name.js";

/** Stands for the times of decisions that have none, which their texts do not name. */
const NEVER = new Date(0);

/**
 * Says what happened, in one sentence.
 *
 * @param own - whose page it is: their name is left out of what is about them
 */
export const useSay = (nameOf: (userId: string) => string, own?: string): ((row: Row) => string) => {
  const t = useTranslations("watching.what");
  const reasons = useTranslations("watching.control.reason.codes");
  const picture = useTranslations("watching.picture");
  const kinds = useTranslations("watching.hand.kinds");
  const format = useFormatter();
  const timeZone = useZone();
  const timeOfDay = useTimeOfDay();
  const typeName = useTypeName();
  const length = useShortLength();
  const clock = (at: number) =>
    format.dateTime(at, {
      timeZone,
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
  /** Two times, with their days if these differ. */
  const between = ({ from, to }: { from: Date; to: Date } = { from: NEVER, to: NEVER }) => {
    const day = (at: Date) => format.dateTime(at, { timeZone, dateStyle: "short" });
    const isOneDay = day(from) === day(to);
    const say = (at: Date) => (isOneDay ? timeOfDay(at) : `${day(at)} ${timeOfDay(at)}`);
    return { from: say(from), to: say(to) };
  };
  /** The name of staff, who may not be among the people of the room. */
  const staffOf = (by: { readonly userId: string; readonly name?: string | undefined } | undefined) => {
    if (!by) return "";
    const known = nameOf(by.userId);
    return known === by.userId ? (by.name ?? known) : known;
  };
  const names = (people: readonly string[] | undefined) => {
    const [first, ...others] = people ?? [];
    if (first === undefined) return t("everybody");
    return others.length === 0 ? nameOf(first) : t("andMore", { name: nameOf(first), more: others.length });
  };
  return (row) => {
    if ("group" in row) {
      const { kind, userIds, from, to } = row.group;
      const text = { left: "leftMany", closed: "leftMany", off: "offMany" } as const;
      return t(kind === "left" || kind === "closed" || kind === "off" ? text[kind] : "stoppedMany", {
        count: userIds.length,
        from: clock(from),
        to: clock(to),
      });
    }
    const { userId = "", what } = row.entry;
    const name = nameOf(userId);
    const isOwn = userId === own;
    const camera = format.list(row.cameras.map((which) => picture(which)));
    switch (what.is) {
      case "entered":
      case "left":
      case "publishing":
      case "stopped":
      case "off":
        return t(isOwn ? `own.${what.is}` : what.is, { name, camera });
      case "closed":
        return t(isOwn ? "own.left" : "left", { name, camera });
      case "timeOver": {
        const { people = 1 } = row;
        return t(isOwn ? "own.timeOver" : "timeOver", {
          name: people > 1 ? t("decided.people", { count: people }) : name,
        }).trim();
      }
      case "devices":
        return t(isOwn ? "own.devices" : "devices", { name, camera, devices: what.devices });
      case "record": {
        const text = what.camera === "pc" ? "recordPc" : "record";
        const said = t(isOwn ? `own.${text}` : text, { name, type: typeName(what.detectType) });
        return what.lastedMs === undefined ? said : t("lasted", { said, time: length(what.lastedMs) });
      }
      case "message": {
        const { from, to, text } = what;
        if (what.isFromCandidate) return t("messageFrom", { name, text });
        return to === undefined
          ? t("messageToAll", { from: nameOf(from), text })
          : t("messageTo", { from: nameOf(from), to: names(to), text });
      }
      case "raised":
      case "granted":
      case "resolved": {
        const said = t(isOwn ? `own.hand.${what.is}` : `hand.${what.is}`, { name, kind: kinds(what.ask) });
        return what.text === undefined ? said : t("handText", { said, text: what.text });
      }
      case "signal":
        return t(`signal.${what.signal}`, { from: nameOf(what.from), to: names(what.to) });
      case "decided": {
        const { kind, by, minutes = 0, reason: code, starts, ends } = what.decision;
        const { people = 1 } = row;
        const told = kind === "extend" && minutes < 0 ? "shorten" : kind;
        const said = t(isOwn ? `own.decided.${told}` : `decided.${told}`, {
          by: staffOf(by),
          name: people > 1 ? t("decided.people", { count: people }) : name,
          minutes: Math.abs(minutes),
          ...between(ends),
        });
        const text = starts ? t("decided.begins", { text: said, ...between(starts) }) : said;
        return code === undefined ? text : t("decided.because", { text, reason: reasons(code) });
      }
      case "noted": {
        const { kind, identity = "later", severity = "info", by, note = "" } = what.noted;
        const whom = { by: staffOf(by), name };
        if (kind === "identity") return t(isOwn ? `own.identity.${identity}` : `identity.${identity}`, whom);
        const text = isOwn ? "own.noted" : userId === "" ? "notedRoom" : "noted";
        return t(text, { ...whom, severity: t(`severity.${severity}`), text: note });
      }
      case "talked": {
        const isOver = what.lastedMs !== undefined;
        const text = what.isHeard ? (isOver ? "talked" : "talks") : isOver ? "triedToTalk" : "triesToTalk";
        const said = t(isOwn ? `own.${text}` : text, { by: nameOf(what.by), name });
        return what.lastedMs === undefined || !what.isHeard
          ? said
          : t("lasted", { said, time: length(what.lastedMs) });
      }
      case "talkEnded":
      case "talkHeard":
        return "";
      case "updated":
        return t(isOwn ? "own.updated" : "updated", { name, minutes: what.extraMinutes });
      case "added":
      case "removed":
      case "consented":
        return t(isOwn ? `own.${what.is}` : what.is, { name });
      case "cut":
        return t(own === undefined ? "cut" : "own.cut");
      default:
        return t(what.is);
    }
  };
};

/** The mark of a line. Undefined: it needs none. */
export const markOf = (row: Row): State | undefined => {
  if ("group" in row) return GROUPS[row.group.kind] ?? "ended";
  return entryMark(row.entry);
};

/** The marks of groups, by kind. Groups of other kinds are marked as ended. */
const GROUPS: { readonly [Kind in string]?: State } = { left: "disconnected", stopped: "dark" };
const DECIDED: { readonly [Kind in Decision["kind"]]: State } = {
  pause: "paused",
  resume: "publishing",
  extend: "timeShort",
  terminate: "ended",
  finish: "ended",
  reopen: "publishing",
  times: "timeShort",
};
const entryMark = ({ what }: Entry): State | undefined => {
  switch (what.is) {
    case "entered":
    case "publishing":
    case "consented":
      return "publishing";
    case "left":
      return "disconnected";
    case "stopped":
      return "dark";
    case "devices":
      return what.devices > 1 ? "devices" : "publishing";
    case "record":
      return "detections";
    case "raised":
    case "granted":
      return "help";
    case "message":
      return what.isFromCandidate ? "help" : undefined;
    case "decided":
      return DECIDED[what.decision.kind];
    case "noted": {
      const { identity, severity } = what.noted;
      if (identity) return identity === "confirmed" ? "publishing" : "unidentified";
      return severity === "info" ? undefined : "detections";
    }
    case "talked":
      return "talking";
    case "ended":
    case "timeOver":
    case "off":
    case "closed":
      return "ended";
    case "removed":
      return "removed";
    default:
      return undefined;
  }
};
