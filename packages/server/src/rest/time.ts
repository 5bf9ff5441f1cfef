import { DateTime, IANAZone } from "luxon";
import { z } from "zod";

/** A codec between a text and an instant, in whole seconds of a zone. */
const timeCodec = (form: {
  example: string;
  read: (text: string) => DateTime;
  write: (time: Date) => string;
}) =>
  z.codec(z.string(), z.date(), {
    decode(text, context) {
      const time = form.read(text);
      if (time.isValid) return time.toJSDate();
      context.issues.push({ code: "custom", input: text, message: `must be a time like ${form.example}` });
      return z.NEVER;
    },
    encode: form.write,
  });

/** Wire times: `2024-03-18T17:00:53+08:00`. */
export const zonedTime = (timeZone: string) => {
  const zone = IANAZone.create(timeZone);
  return timeCodec({
    example: "2024-03-18T17:00:53+08:00",
    read: (text) => DateTime.fromFormat(text, "yyyy-MM-dd'T'HH:mm:ssZZ", { zone }),
    write: (time) =>
      // Not toFormat, which takes twice as long; ISO writes the offset of UTC as "Z".
      DateTime.fromMillis(Math.floor(time.getTime() / 1000) * 1000, { zone })
        .toISO({ suppressMilliseconds: true })
        ?.replace("Z", "+00:00") ?? "",
  });
};

/** An exam's own times, without an offset, because the apps feed them to `new Date(...)`: `2023/03/30 14:00:00`. */
export const slashedTime = (timeZone: string) => {
  const zone = IANAZone.create(timeZone);
  const format = "yyyy/MM/dd HH:mm:ss";
  return timeCodec({
    example: "2023/03/30 14:00:00",
    read: (text) => DateTime.fromFormat(text, format, { zone }),
    write: (time) => DateTime.fromJSDate(time, { zone }).toFormat(format),
  });
};
