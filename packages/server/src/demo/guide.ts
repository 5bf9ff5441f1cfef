import type { Room } from "@invigil/schema";

export interface DemoGuide {
  readonly url: string;
  readonly room: Room;
  /** Tokens that are valid for a day. */
  readonly admin: string;
  readonly teacher: string;
  readonly examinee: { readonly userId: string; readonly token: string } | undefined;
}

/** The text that the demo prints: the address, the tokens and example calls. */
export const demoGuide = ({ url, room, admin, teacher, examinee }: DemoGuide): string => `
Invigil serves ${url} on embedded defaults. The tokens below work for a day.

administrator        ${admin}

demo room            ${room.id}
  invigilator        ${teacher}${examinee ? `\n  ${examinee.userId.split("_")[0]?.padEnd(18)} ${examinee.token}` : ""}

In another terminal, make an exam room over REST:

curl -sS ${url}/exam/v2/createRoom -H 'content-type: application/json' -H 'authorization: ${admin}' -d '{"name":"Room 1","imServer":["aliyun_new"]}'

Or make one with the typed client, look at its people's streams, record a detection and read it back
(in this folder, as it stands):

npx tsx --input-type=module <<'EOF'
import { createInvigilClient } from "@invigil/client";

const invigil = createInvigilClient({ url: "${url}", token: "${admin}" });

const room = await invigil.room.create.mutate({ name: "Room 2", imServer: ["aliyun_new"] });
const [examinee] = await invigil.participant.list.query({ roomId: room.id });
if (!examinee) throw new Error("the room is empty: start the server with INVIGIL_DEMO_EXAMINEES=5");
console.log(examinee.name, examinee.streams.main.pullUrl);

await invigil.cheat.addRecords.mutate({
  roomId: room.id,
  records: [
    {
      userId: examinee.userId,
      isMainMonitor: true,
      detectType: "manyPeople",
      detectTime: new Date(),
      extraInfo: { message: "two people in the picture" },
    },
  ],
});
const { records } = await invigil.cheat.listRecords.query({ roomId: room.id });
console.log(records);
EOF

Ctrl-C stops the server.
`;
