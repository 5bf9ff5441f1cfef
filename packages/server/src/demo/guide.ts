import type { Room } from "@invigil/schema";

export interface DemoGuide {
  readonly url: string;
  readonly room: Room;
  /** An account that can log in while the demo runs. */
  readonly account: { readonly username: string; readonly password: string };
  /** Tokens that are valid for a day. */
  readonly admin: string;
  readonly teacher: string;
  readonly examinee: { readonly userId: string; readonly token: string } | undefined;
}

/** The text that the demo prints: the address, who one can be, and an example call. */
export const demoGuide = ({ url, room, account, admin, teacher, examinee }: DemoGuide): string => `
Invigil serves ${url} on embedded defaults. Tokens work for a day, the account while the demo runs.

demo room            ${room.id}
account              ${account.username}, password ${account.password}
administrator        ${admin}
invigilator          ${teacher}${examinee ? `\n${examinee.userId.split("_")[0]?.padEnd(20)} ${examinee.token}` : ""}

curl -sS ${url}/exam/login -H 'content-type: application/json' -d '${JSON.stringify(account)}'

examples/README.md has programs to run beside it. Ctrl-C stops the server.
`;
