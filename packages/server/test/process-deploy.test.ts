import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSchemasForTests, type Schemas } from "./support/postgres-schemas.js";
import { CLI, paste, REPOSITORY, run, tempFolder, testEnv } from "./support/process.js";

/** What the check says of this repository with a change in one example. */
const checkWith = async (file: string, change: (text: string) => string) => {
  using folder = tempFolder();
  const at = (path: string): string => join(folder.path, path);
  for (const path of ["docs", "packages", "scripts", "README.md"])
    symlinkSync(join(REPOSITORY, path), at(path));
  cpSync(join(REPOSITORY, "deploy"), at("deploy"), { recursive: true });
  const path = at(`deploy/${file}`);
  writeFileSync(path, change(readFileSync(path, "utf8")));
  return await paste(`node "${join(REPOSITORY, "scripts/check-deploy.mjs")}" .`, { cwd: folder.path });
};

it("the examples in deploy/ fit the server", async () => {
  expect(await checkWith("compose.yaml", (text) => text)).toMatchObject({ code: 0, stderr: "" });
});

describe("the check of deploy/ reports", () => {
  it.each([
    {
      what: "a folder for uploads that is no larger than the reserve",
      file: "compose.yaml",
      from: 'INVIGIL_DISK_RESERVE_MB: "0"',
      to: 'INVIGIL_DISK_RESERVE_MB: "512"',
      fault: "the tmpfs of invigil-1 is 512, less than 712: INVIGIL_DISK_RESERVE_MB",
    },
    {
      what: "a pod whose volume is no larger than the reserve",
      file: "kubernetes/settings.env",
      from: "INVIGIL_DISK_RESERVE_MB=0",
      to: "INVIGIL_DISK_RESERVE_MB=1024",
      fault: "the volume data is 1024, less than 1224: INVIGIL_DISK_RESERVE_MB",
    },
    {
      what: "less memory than the buffers and the tmpfs take",
      file: "compose.yaml",
      from: "mem_limit: 2g",
      to: "mem_limit: 1g",
      fault: "mem_limit of invigil-1 is 1024, less than 1408: the server",
    },
    {
      what: "fewer files than connections",
      file: "invigil.service",
      from: "LimitNOFILE=65536",
      to: "LimitNOFILE=1024",
      fault: "LimitNOFILE is 1024, less than 51000: INVIGIL_MAX_CONNECTIONS",
    },
    {
      what: "more connections than PostgreSQL has",
      file: "kubernetes/settings.env",
      from: "INVIGIL_DATABASE_CONNECTIONS=10",
      to: "INVIGIL_DATABASE_CONNECTIONS=50",
      fault: "connections of PostgreSQL is 97, less than 150: INVIGIL_DATABASE_CONNECTIONS",
    },
    {
      what: "an image of another version",
      file: "kubernetes/kustomization.yaml",
      from: "newTag: ",
      to: "newTag: 0.0.1 # ",
      fault: "kustomization.yaml: newTag is 0.0.1, not ",
    },
    {
      what: "a proxy that refuses audio files",
      file: "nginx.conf",
      from: "client_max_body_size 21m",
      to: "client_max_body_size 20m",
      fault: `client_max_body_size is ${20 * 1024 ** 2}, less than ${21 * 1024 ** 2}: an audio file`,
    },
  ])("$what", async ({ file, from, to, fault }) => {
    const { code, stderr } = await checkWith(file, (text) => {
      expect(text).toContain(from);
      return text.replace(from, to);
    });
    expect(stderr).toContain(fault);
    expect(code).toBe(1);
  });
});

describe("the commands of docs/deploy.md", () => {
  /** What runs a command elsewhere: in a container, in a pod, as the user of the service. */
  const ELSEWHERE =
    "docker exec invigil|docker compose .* exec invigil-1|kubectl exec .* --|sudo -u invigil --chdir=\\S+";
  const COMMANDS = [
    ...readFileSync(join(REPOSITORY, "docs/deploy.md"), "utf8").matchAll(
      new RegExp(`^ {4}(?:(?:${ELSEWHERE}) )?(invigil [a-z].*?)(?: +#.*)?$`, "gm"),
    ),
  ].map(([, command = ""]) => command);

  let schemas: Schemas;
  beforeAll(async () => {
    schemas = await openSchemasForTests();
  });
  afterAll(() => schemas?.[Symbol.asyncDispose]());

  it("are found", () => {
    const named = (name: string) => COMMANDS.filter((command) => command.startsWith(`invigil ${name} `));
    expect([named("account add").length, named("database copy").length, named("audio copy").length]).toEqual([
      3, 2, 2,
    ]);
  });

  it.each(COMMANDS)("run as they are written: %s", async (command) => {
    using folder = tempFolder();
    const { url } = await schemas.open();
    const POSTGRES = /postgres:\/\/invigil@db\.example\/invigil/;
    // The file exists before a copy from it, and PostgreSQL's tables before a copy from there.
    const env = { ...testEnv, ...(command.includes("--remove") && { INVIGIL_AUDIO_STORE: "database" }) };
    const from = /--from postgres:/.test(command) ? { INVIGIL_DATABASE_URL: url } : {};
    expect(await run(["exam", "list"], { cwd: folder.path, env: { ...env, ...from } })).toMatchObject({
      code: 0,
    });
    const text = command.replace(POSTGRES, `'${url}'`);
    const ended = await paste(`invigil() { '${process.execPath}' '${CLI}' "$@"; }; ${text}`, {
      cwd: folder.path,
      env,
    });
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    if (command.includes("--generate")) expect(ended.stdout).toMatch(/^boss [A-Za-z0-9]{20}\n$/);
  });
});
