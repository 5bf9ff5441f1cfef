import ipaddr from "ipaddr.js";
import { z } from "zod";

// Schemas of settings. Each parses the text of an environment variable and has its own error message.

export const text = (max = 256) =>
  z.string().min(1, "must not be empty").max(max, `must be at most ${max} characters`);
export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,12}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
export const domain = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i, "must be a domain name");

const isTimeZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
};
export const timeZone = z.string().refine(isTimeZone, "must be an IANA time zone like Asia/Shanghai");

export const origins = z
  .string()
  .transform((list) => list.split(",").map((origin) => origin.trim()))
  .refine((list) => list.every((origin) => origin === "*" || /^https?:\/\/[^/\s]+$/.test(origin)), {
    error: "must be '*' or origins like https://exam.example, separated by commas",
  });

const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });
/** A URL of keys that decide about rights. Attackers must not be able to change the keys in transit. */
export const secureUrl = z
  .string()
  .regex(
    /^(https:\/\/|http:\/\/(127\.0\.0\.1|\[::1\]|localhost)[:/])/,
    "must be an https URL, or an http URL of this machine",
  )
  .pipe(httpUrl);
/** Removes slashes from the end of a URL. A regular expression for it would take quadratic time. */
export const withoutSlashes = (url: string): string => {
  let end = url.length;
  while (end > 0 && url[end - 1] === "/") end -= 1;
  return url.slice(0, end);
};

/** The origin of a service, over a secure connection. */
export const serviceUrl = secureUrl
  .transform(withoutSlashes)
  .refine((url) => new URL(url).origin === url, "must have no path, query or user");
export const serviceUrls = z
  .string()
  .transform((list) => list.split(",").map((url) => url.trim()))
  .pipe(z.array(serviceUrl).min(1).max(4, "must be at most 4 URLs"));
/** A URL that serves as a prefix of other URLs, in the form in which browsers write it. */
export const baseUrl = httpUrl
  .refine((url) => !/[?#]/.test(url), "must have neither a query nor a fragment")
  .transform((url) => new URL(url).href);

/** The URL of a stream for a browser, in which `{app}` and `{stream}` stand for its names. */
export const streamUrl = z
  .string()
  .max(2048, "must be at most 2048 characters")
  .refine(
    (template) => template.includes("{stream}"),
    "must contain {stream}, which stands for the name of the stream",
  )
  .refine((template) => {
    const filled = template.replaceAll(/\{(app|stream)\}/g, "-");
    if (/[{}#\s]/.test(filled) || !URL.canParse(filled)) return false;
    const { protocol, username, password } = new URL(filled);
    return (
      /^https?:$/.test(protocol) && username === "" && password === "" && !/^[^/]*\/\/[^/?]*\{/.test(template)
    );
  }, "must be like https://pull.school.example/{app}/{stream}.m3u8, without a user or a fragment");

/** Parses `name=value,name=value`, with known names, each at most once. */
export const pairs = (example: string, names: readonly string[]) =>
  z
    .string()
    .transform((list) => list.split(",").map((pair) => pair.split(/=(.*)/s, 2).map((side) => side.trim())))
    .refine(
      (list) =>
        list.every(([name = "", value]) => names.includes(name) && Boolean(value)) &&
        new Set(list.map(([name]) => name)).size === list.length,
      { error: `must be ${example}, separated by commas; the names, each once: ${names.join(", ")}` },
    )
    .transform((list) => Object.fromEntries<string>(list.map(([name = "", value = ""]) => [name, value])));
/** Parses limits per minute, like `person=1200,room=60000`. Names that are missing keep their defaults. */
export const amounts = (defaults: Readonly<Record<string, number>>) => {
  const names = Object.keys(defaults);
  const [first = ""] = names;
  return pairs(`amounts a minute like ${first}=${defaults[first]}`, names)
    .refine(
      (given) => Object.values(given).every((amount) => /^\d{1,10}$/.test(amount) && Number(amount) >= 1),
      { error: "must have whole numbers from 1 to 9999999999" },
    )
    .transform(
      (given): Readonly<Record<string, number>> => ({
        ...defaults,
        ...Object.fromEntries(Object.entries(given).map(([name, amount]) => [name, Number(amount)])),
      }),
    )
    .default(defaults);
};
/** Accepts an address, a range (`10.0.0.0/8`), or the name of a range. */
const isAddressRange = (range: string): boolean => {
  if (["loopback", "linklocal", "uniquelocal"].includes(range)) return true;
  const { IPv4, IPv6 } = ipaddr;
  if (IPv4.isValidFourPartDecimal(range) || IPv6.isValid(range)) return true;
  const isRange = IPv4.isValidCIDRFourPartDecimal(range) || IPv6.isValidCIDR(range);
  // With a range of all addresses, every client could claim any address.
  return isRange && ipaddr.parseCIDR(range)[1] > 0;
};
export const addressRanges = z
  .string()
  .transform((list) => list.split(",").map((range) => range.trim()))
  .refine((list) => list.every(isAddressRange), {
    error: "must be addresses or ranges like 10.0.0.0/8, or 'loopback', separated by commas",
  });

/** Two ports, the first and the last of a range. */
export const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, "must be two ports, as in 7100-7499")
  .transform((ports): readonly [number, number] => {
    const [first = 0, last = 0] = ports.split("-").map(Number);
    return [first, last];
  })
  .refine(
    ([first, last]) => first >= 1024 && last <= 65_535 && first <= last,
    "must be ports from 1024 to 65535",
  );
