import { LRUCache } from "lru-cache";
import { DateTime } from "luxon";
import { z } from "zod";
import { atMost } from "../platform/lru.js";

/**
 * The number of formatted times in the cache. Looking up the offset of a time zone takes longer than the rest
 * of a record.
 */
const REMEMBERED_TIMES = 10_000;

/** A codec between a text and a date, in whole seconds of a time zone. */
const timeCodec = (timeZone: string, format: string, json: { format?: string; examples: [string] }) => {
  const written = new LRUCache<number, string>(atMost(REMEMBERED_TIMES));
  const write = (second: number): string => {
    const text = DateTime.fromSeconds(second, { zone: timeZone }).toFormat(format);
    written.set(second, text);
    return text;
  };
  return z.codec(z.string().meta(json), z.date(), {
    decode(text, context) {
      const time = DateTime.fromFormat(text, format, { zone: timeZone });
      if (time.isValid) return time.toJSDate();
      context.issues.push({
        code: "custom",
        input: text,
        message: `must be a time like ${json.examples[0]}`,
      });
      return z.NEVER;
    },
    encode(time) {
      const second = Math.floor(time.getTime() / 1000);
      // `memo` takes more than twice as long.
      return written.get(second) ?? write(second);
    },
  });
};

/** The format of times in the API: `2024-03-18T17:00:53+08:00`. */
export const zonedTime = (timeZone: string) =>
  timeCodec(timeZone, "yyyy-MM-dd'T'HH:mm:ssZZ", {
    format: "date-time",
    examples: ["2024-03-18T17:00:53+08:00"],
  });

/**
 * The format of an exam's start and end, without an offset, because the apps pass it to `new Date(...)`:
 * `2023/03/30 14:00:00`.
 */
export const slashedTime = (timeZone: string) =>
  timeCodec(timeZone, "yyyy/MM/dd HH:mm:ss", { examples: ["2023/03/30 14:00:00"] });
