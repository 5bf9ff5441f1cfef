import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "./support/ports.js";
import {
  type Child,
  type Env,
  REPOSITORY,
  type Server,
  serve,
  startPaste,
  tempFolder,
} from "./support/process.js";

const GUIDE = readFileSync(join(REPOSITORY, "docs/live.md"), "utf8");
/** The commands of the guide, one block per terminal. */
const [START, NETWORK, LISTEN, SEND, ...more] = [...GUIDE.matchAll(/^```sh\n(.*?)^```$/gms)].map(
  ([, block = ""]) => block,
);

describe("docs/live.md", () => {
  let folder: ReturnType<typeof tempFolder>;
  let server: Server;
  let env: Env;
  const terminals: Child[] = [];
  /** Opens a terminal in the clone, and enters commands. */
  const terminal = (block = ""): Child => {
    const child = startPaste(block, { cwd: folder.path, env, deadlineMs: 60_000 });
    terminals.push(child);
    return child;
  };
  beforeAll(async () => {
    folder = tempFolder();
    // A clone with data of its own.
    for (const name of ["docs", "examples", "packages"])
      symlinkSync(join(REPOSITORY, name), join(folder.path, name));
    expect([START, more]).toEqual(["npm start\n", []]);
    // The command of `npm start`, on an unused port.
    server = await serve(
      { cwd: folder.path, env: { INVIGIL_PORT: "0", INVIGIL_LOG_LEVEL: "info" } },
      "--demo",
    );
    await server.line("Ctrl-C stops the server.");
    env = { NETWORK_PORT: String(await freePort()) };
  });
  afterAll(async () => {
    for (const child of terminals) await child[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it("loses nothing when the network is cut, as it says", async () => {
    const network = terminal(NETWORK);
    await network.line("Enter cuts it.");
    const listener = terminal(LISTEN);
    await listener.line("listening to");
    const sender = terminal(SEND);
    for (const heard of ["5 of 40", "20 of 40"]) {
      await listener.line(heard);
      network.type("\n");
    }
    const { code, stdout } = await listener.ended();
    expect(await sender.ended()).toMatchObject({ code: 0, stderr: "" });
    expect(stdout).toContain("reconnecting");
    const last = /^ {4}(heard .*)$/m.exec(GUIDE)?.[1];
    expect(stdout.trimEnd().split("\n").at(-1)).toBe(last);
    expect(code).toBe(0);
    expect(network.stdout().match(/^cut [1-9]\d* connections$/gm)).toHaveLength(2);
  });
});
