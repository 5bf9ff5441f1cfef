import { statSync } from "node:fs";
import { failedWith } from "../../platform/setup-error.js";
import { type Finding, findingsOf } from "./finding.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Domains that are reserved for examples and cannot be registered: RFC 2606. The domain `test` may be one of a network of one's own. */
const EXAMPLE_DOMAIN = /\.(example|invalid)$|(^|\.)example\.(com|net|org)$/i;
/** The keys of docs/run-an-exam.md, and placeholders that people write before they have a key. */
const EXAMPLE_KEY = /^(the|your)[-_ ]|change-?me|^replace[-_ ]|placeholder/i;
const IS_SECRET = /_(KEY|SECRET|TOKEN|SIGN)(_SECONDARY)?$/;

/** Returns the hosts of a list of URLs or domains. */
const hostsOf = (value: string): string[] =>
  value
    .split(",")
    .map((part) => part.trim())
    .map((part) => (URL.canParse(part) ? new URL(part).hostname : part));

const isExample = (name: string, value: string): boolean =>
  IS_SECRET.test(name) ? EXAMPLE_KEY.test(value) : hostsOf(value).some((host) => EXAMPLE_DOMAIN.test(host));

const settingsOf = (environment: Environment): [string, string][] =>
  Object.entries(environment).flatMap(([name, value]) =>
    name.startsWith("INVIGIL_") && value ? [[name, value]] : [],
  );

const { ok, warning, failed } = findingsOf("settings");

/** @param settings the content of the file */
const envFile = (settings: Environment): Finding[] => {
  try {
    if ((statSync(".env").mode & 0o007) === 0) return [];
  } catch (error) {
    if (failedWith(error, "ENOENT")) return [];
    throw error;
  }
  const hasSecret = settingsOf(settings).some(
    ([name, value]) => IS_SECRET.test(name) || (URL.canParse(value) && new URL(value).password !== ""),
  );
  const finding = hasSecret ? failed : warning;
  return [finding("every user of this machine can read the file .env", "Run: chmod 600 .env")];
};

/** Checks valid settings, and the file that they come from. */
export const checkSettings = (
  environment: Environment,
  { file, warnings }: { readonly file: Environment; readonly warnings: readonly string[] },
): Finding[] => {
  const findings = [
    ...warnings.map((found) => warning(found, "Remove it.")),
    ...settingsOf(environment)
      .filter(([name, value]) => isExample(name, value))
      .map(([name]) => failed(`${name} has the value of an example`, "Set it to your own value.")),
    ...envFile(file),
  ];
  return findings.length > 0 ? findings : [ok("all settings are valid")];
};
