import type { Room } from "@invigil/schema";
import type { LanConfig } from "../config/config.js";
import { terminalQr } from "../platform/qr.js";

export interface DemoGuide {
  readonly url: string;
  readonly lan: LanConfig | undefined;
  /** The path at which a person sits the exam of the demo. */
  readonly candidate: string | undefined;
  /** Whether to draw a QR code, for a terminal. */
  readonly hasScreen: boolean;
  readonly hasConsole: boolean;
  readonly room: Room;
  /** An account that can log in while the demo runs. */
  readonly account: { readonly username: string; readonly password: string };
  /** Tokens that are valid for a day. */
  readonly admin: string;
  readonly teacher: string;
  readonly examinee: { readonly userId: string; readonly token: string } | undefined;
}

/** How to use a phone of the same network. */
const phoneGuide = ({ url, files }: LanConfig, path: string, hasScreen: boolean): string => {
  const link = `${url}${path}`;
  const trust = files
    ? ""
    : "\nIts browser does not know the certificate, which this machine has made. Continue to the page (docs/media.md).";
  return `\nOn a phone of the same network: ${link}${trust}${hasScreen ? `\n\n${terminalQr(link)}` : ""}`;
};

/** The text that the demo prints: the addresses and what to do there, then the tokens for programs, and an example call. */
export const demoGuide = ({
  url,
  lan,
  candidate,
  hasScreen,
  hasConsole,
  room,
  account,
  admin,
  teacher,
  examinee,
}: DemoGuide): string => {
  const console = hasConsole
    ? `Invigil serves ${url}/console\nOpen it in a browser of this machine, and enter the demo with one click.`
    : `Invigil serves ${url}`;
  const sit = candidate === undefined ? "" : `\nSit the exam as a candidate: ${url}${candidate}`;
  const phone = lan ? phoneGuide(lan, candidate ?? "", hasScreen) : "";
  return `
${console}${sit}${phone}

For programs (examples/README.md): the account works while the demo runs, tokens for a day.
demo room            ${room.id}
account              ${account.username}, password ${account.password}
administrator        ${admin}
invigilator          ${teacher}${examinee ? `\n${examinee.userId.split("_")[0]?.padEnd(20)} ${examinee.token}` : ""}
curl -sS ${url}/exam/login -H 'content-type: application/json' -d '${JSON.stringify(account)}'

Ctrl-C stops the server.
`;
};
