import type { Room } from "@invigil/schema";

export interface DemoGuide {
  readonly url: string;
  readonly hasConsole: boolean;
  readonly room: Room;
  /** An account that can log in while the demo runs. */
  readonly account: { readonly username: string; readonly password: string };
  /** Tokens that are valid for a day. */
  readonly admin: string;
  readonly teacher: string;
  readonly examinee: { readonly userId: string; readonly token: string } | undefined;
}

/** The text that the demo prints: the address and what to do there, then the tokens for programs, and an example call. */
export const demoGuide = ({
  url,
  hasConsole,
  room,
  account,
  admin,
  teacher,
  examinee,
}: DemoGuide): string => `
${hasConsole ? `Invigil serves ${url}/console\nOpen it in a browser of this machine, and enter the demo with one click.` : `Invigil serves ${url}`}

For programs (examples/README.md): the account works while the demo runs, tokens for a day.
demo room            ${room.id}
account              ${account.username}, password ${account.password}
administrator        ${admin}
invigilator          ${teacher}${examinee ? `\n${examinee.userId.split("_")[0]?.padEnd(20)} ${examinee.token}` : ""}
curl -sS ${url}/exam/login -H 'content-type: application/json' -d '${JSON.stringify(account)}'

Ctrl-C stops the server.
`;
