import type { Command, MediaServerOptions, Message } from "./messages.js";
import { createStreams } from "./streams.js";

// The media server: a child process of the server, which sends it commands. See messages.ts.

// Safe: the server wrote it.
const settings = JSON.parse(process.argv[2] ?? "") as MediaServerOptions;

// The library has promises that it does not wait for. They end with the peer that they belong to.
process.on("unhandledRejection", () => undefined);
// Its parent has gone.
process.on("disconnect", () => process.exit());

const run = createStreams(settings, (message: Message) => {
  if (process.connected) process.send?.(message);
});
process.on("message", (command: Command) => void run(command));
process.send?.({ ready: true } satisfies Message);
