import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, it } from "vitest";
import { listenTyped } from "./support/fault-listeners.js";
import { SETTINGS } from "./support/fault-servers.js";
import { freePort, portOf } from "./support/ports.js";
import { openSchemas } from "./support/postgres-schemas.js";
import { startPostgresServer } from "./support/postgres-server.js";
import { REPOSITORY, type Server, serve, tempFolder, tokenFor } from "./support/process.js";
import { endWithThisProcess } from "./support/reaper.js";

// The rolling upgrade of docs/deploy.md, with Debian's nginx and deploy/nginx.conf in front of two servers, and calls all the time.

/** How often both servers are replaced: connections end while calls come, and not each time at the same moment of one. */
const ROUNDS = 3;
/** Calls at the same time. */
const CALLERS = 8;

const disposable = <Thing extends object>(thing: Thing, dispose: (thing: Thing) => Promise<void>) =>
  Object.assign(thing, { [Symbol.asyncDispose]: () => dispose(thing) });

/** Starts nginx with deploy/nginx.conf. Only addresses and paths differ. */
const startNginx = async (folder: string, servers: readonly [number, number]) => {
  const [plain, secure] = [await freePort(), await freePort()];
  mkdirSync(join(folder, "logs"), { recursive: true });
  const certificate = ["-keyout", join(folder, "privkey.pem"), "-out", join(folder, "fullchain.pem")];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"];
  execFileSync("openssl", [...request, ...certificate], { stdio: "ignore" });
  let configuration = readFileSync(join(REPOSITORY, "deploy/nginx.conf"), "utf8");
  const replace = (from: RegExp, to: string): void => {
    expect(configuration).toMatch(from);
    configuration = configuration.replaceAll(from, to);
  };
  replace(/\binvigil-1:7001\b/g, `127.0.0.1:${servers[0]}`);
  replace(/\binvigil-2:7001\b/g, `127.0.0.1:${servers[1]}`);
  replace(/\blisten 80\b/g, `listen 127.0.0.1:${plain}`);
  replace(/\blisten 443\b/g, `listen 127.0.0.1:${secure}`);
  replace(/\/etc\/nginx\/certificates/g, folder);
  replace(/\/var\/run\/nginx\.pid/g, join(folder, "nginx.pid"));
  replace(/\/dev\/stdout/g, join(folder, "access.log"));
  replace(/\/dev\/stderr/g, join(folder, "error.log"));
  const file = join(folder, "nginx.conf");
  writeFileSync(file, configuration);
  const nginx = spawn("/usr/sbin/nginx", ["-p", folder, "-c", file, "-g", "daemon off;"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  endWithThisProcess(nginx);
  // Clients without TLS.
  const entrance = createServer((client) => {
    const proxy = connect({ host: "127.0.0.1", port: secure, rejectUnauthorized: false });
    client.pipe(proxy).pipe(client);
    for (const [one, other] of [
      [client, proxy],
      [proxy, client],
    ] as const)
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
  }).listen(0, "127.0.0.1");
  await once(entrance, "listening");
  const isListening = () =>
    new Promise<boolean>((resolve) => {
      const socket = connectTcp(secure, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("close", () => socket.destroy()).unref();
    });
  await expect.poll(isListening).toBe(true);
  return {
    url: `http://127.0.0.1:${portOf(entrance)}`,
    log: () => readFileSync(join(folder, "access.log"), "utf8"),
    async [Symbol.asyncDispose]() {
      entrance.close();
      const ended = once(nginx, "exit");
      nginx.kill("SIGTERM");
      await ended;
    },
  };
};

it("refuses no call and loses no event, while one server is replaced after the other", async () => {
  await using postgres = disposable(await startPostgresServer(["max_connections=100", "fsync=off"]), (it) =>
    it.stop(),
  );
  await using schemas = await openSchemas(postgres.url);
  const { url: databaseUrl } = await schemas.open();
  const ports = [await freePort(), await freePort()] as const;
  using first = tempFolder();
  using second = tempFolder();
  const start = (at: 0 | 1): Promise<Server> =>
    serve({
      cwd: [first, second][at]?.path ?? "",
      env: { ...SETTINGS, INVIGIL_DATABASE_URL: databaseUrl, INVIGIL_PORT: String(ports[at]) },
    });
  await using servers = disposable([await start(0), await start(1)], async (running) => {
    for (const server of running) await server[Symbol.asyncDispose]();
  });
  using folder = tempFolder();
  await using nginx = await startNginx(folder.path, ports);

  const token = await tokenFor("admin", "root");
  /** Each answer that a caller must not get. */
  const refused: string[] = [];
  let calls = 0;
  const call = async (path: string, body?: object) => {
    calls += 1;
    const response = await fetch(`${nginx.url}/${path}`, {
      method: body ? "POST" : "GET",
      headers: { authorization: token, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    // Documented paths answer some errors with the status 200.
    if (response.status !== 200 || text.includes('"success":false'))
      refused.push(`${body ? "POST" : "GET"} ${response.status}`);
    return text;
  };
  const room = {
    name: "Room",
    imServer: ["aliyun_new"],
    participants: [{ userId: "e1", name: "E", role: "examinee" }],
  };
  const roomId: string = JSON.parse(await call("trpc/room.create", { json: room })).result.data.json.id;
  const entrance = [{ url: () => nginx.url, isUp: () => true }];
  const target = { of: "room", id: roomId } as const;
  await using ofSocket = await listenTyped(entrance, "WebSocket", { name: "ws", target, token });
  await using ofSse = await listenTyped(entrance, "SSE", { name: "sse", target, token });

  const stored: string[] = [];
  let isOver = false;
  const work = async (caller: number): Promise<void> => {
    for (let n = 0; !isOver; n += 1) {
      await call(`exam/roomInfo?roomId=${roomId}`);
      const extraInfo = `${caller}-${n}`;
      const data = [
        { userId: "e1", isMainMonitor: true, detectType: "manyPeople", detectTime: Date.now(), extraInfo },
      ];
      await call("exam/cheat/addCheatRecord", { roomId, data: JSON.stringify(data) });
      stored.push(extraInfo);
      await call("trpc/room.setAudioStatus", {
        json: { roomId, audioStatus: n % 2 === 0 ? "speaking" : "silent" },
      });
    }
  };
  const working = Promise.all(Array.from({ length: CALLERS }, (_, caller) => work(caller)));

  // The sequence of docs/deploy.md.
  for (let round = 0; round < ROUNDS; round += 1)
    for (const at of [0, 1] as const) {
      servers[at]?.kill("SIGTERM");
      expect(await servers[at]?.ended()).toMatchObject({ code: 0 });
      const next = await start(at);
      servers[at] = next;
      await expect.poll(async () => (await fetch(`${next.url}/ready`)).status).toBe(200);
    }
  isOver = true;
  await working;

  console.log(`${calls} calls, ${refused.length} refused`);
  expect([...new Set(refused)]).toEqual([]);
  // nginx did run into servers that were stopping, and both have answered.
  expect(nginx.log()).toMatch(/ 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+ /);
  for (const port of ports) expect(nginx.log()).toMatch(new RegExp(` 127\\.0\\.0\\.1:${port} 200 `));
  for (const listener of [ofSocket, ofSse]) {
    for (const key of stored) await listener.heard(key);
    const heard = listener.events.flatMap(({ keys }) => keys);
    expect(heard.toSorted()).toEqual(stored.toSorted());
    expect(listener.reconnections()).toBeGreaterThan(0);
  }
});
