#!/usr/bin/env node
// Checks that the examples in deploy/ fit the server and each other: node scripts/check-deploy.mjs [the folder of the repository] It reads
// settings with the compiled server. It checks what the tools of Docker, Kubernetes and systemd cannot check. Exit 1 with a line for each
// fault.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { parseDocument } from "yaml";
import { MAX_AUDIO_BYTES } from "../packages/schema/dist/index.js";
import { readSettings, settingNames } from "../packages/server/dist/config/settings.js";

const root = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
const read = (path) => readFileSync(join(root, path), "utf8");
const faults = [];
const expect = (holds, fault) => {
  if (!holds) faults.push(fault);
};
const expectSame = (what, actual, expected) =>
  expect(String(actual) === String(expected), `${what} is ${actual}, not ${expected}`);

const listFiles = (folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
const files = listFiles("deploy");

/** Returns the content of a YAML file. */
const parseFile = (path) => {
  const document = parseDocument(read(path), { merge: true });
  for (const { message } of [...document.errors, ...document.warnings]) faults.push(`${path}: ${message}`);
  return document.toJS();
};
const manifests = new Map(
  files.filter((path) => path.endsWith(".yaml")).map((path) => [path, parseFile(path)]),
);

// Names of settings exist. `INVIGIL_LIMIT_…` stands for all that begin with it.
const documents = ["README.md", ...listFiles("docs")].filter((path) => /^[^/]+$|^docs\/[^/]+$/.test(path));
for (const path of [...files, ...documents])
  for (const [, name, rest] of read(path).matchAll(/\b(INVIGIL_[A-Z0-9_]*[A-Z0-9])(_…)?/g))
    expect(
      rest ? settingNames.some((one) => one.startsWith(`${name}_`)) : settingNames.includes(name),
      `${path}: ${name} is not a setting`,
    );

// The server accepts the settings of each example. The check fills in the secrets first, as an operator would.
const isSecret = (name) =>
  /(SECRET|PASSWORD|TOKEN|_KEY|_URL)$/.test(name) && !/(PUBLIC|APP|JWKS)_URL$/.test(name);
const filledIn = (settings) =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      value === "" ? (name.endsWith("_URL") ? "postgres://db.example/invigil" : "x".repeat(32)) : value,
    ]),
  );
/** Returns the parsed settings with their defaults. */
const expectAccepted = (what, settings) => {
  const { env, faults: found = [] } = readSettings(filledIn(settings));
  for (const fault of found) faults.push(`${what}: ${fault}`);
  return env ?? readSettings({}).env;
};
/** Secrets are empty, or refer to a variable. */
const expectNoSecret = (what, settings) => {
  for (const [name, value] of Object.entries(settings))
    expect(
      !isSecret(name) || value === "" || /^(postgres:\/\/\w+:)?\$\{\w+:\?/.test(value),
      `${what}: ${name} has a value`,
    );
};

// Sizes fit the settings that use a part of them.
const MIB = 1024 * 1024;
const UNITS = { m: MIB, mi: MIB, g: 1024 * MIB, gi: 1024 * MIB };
const bytesOf = (size) => {
  const [, number, unit] = /^(\d+)(\w+)$/.exec(size ?? "") ?? [];
  return Number(number) * (UNITS[unit?.toLowerCase()] ?? Number.NaN);
};
const expectAtLeast = (what, actual, least, reason) =>
  expect(actual >= least, `${what} is ${actual}, less than ${least}: ${reason}`);
/** The number of the largest audio files that may arrive at the same time. */
const ARRIVING_FILES = 10;
const expectRoomForUploads = (what, bytes, { INVIGIL_DISK_RESERVE_MB: reserve }) =>
  expectAtLeast(
    what,
    bytes / MIB,
    reserve + (ARRIVING_FILES * MAX_AUDIO_BYTES) / MIB,
    "INVIGIL_DISK_RESERVE_MB, and the uploads that arrive",
  );
/** @param besides the bytes of other uses of the memory */
const expectRoomForBuffers = (what, bytes, settings, besides = 0) =>
  expectAtLeast(
    what,
    bytes / MIB,
    // V8's heap and the code take the memory of the smallest machine.
    512 + besides / MIB + settings.INVIGIL_SEND_BUFFER_MIB + settings.INVIGIL_BODY_BUFFER_MIB,
    "the server, its INVIGIL_…_BUFFER_MIB, and its files in memory",
  );
/** Connections of PostgreSQL, by default, less those that it keeps for administrators. */
const POSTGRES_CONNECTIONS = 97;
/** @param servers how many run at the same time during an upgrade */
const expectRoomForConnections = (what, servers, { INVIGIL_DATABASE_CONNECTIONS: each }) =>
  expectAtLeast(
    `${what}: the number of connections of PostgreSQL`,
    POSTGRES_CONNECTIONS,
    servers * each,
    "INVIGIL_DATABASE_CONNECTIONS of all servers",
  );
const expectRoomForClients = (what, files, { INVIGIL_MAX_CONNECTIONS: clients }) =>
  expectAtLeast(what, Number(files), clients + 1000, "INVIGIL_MAX_CONNECTIONS, and some more");

const composed = manifests.get("deploy/compose.yaml");
const composeEnv = parseEnv(read("deploy/.env.example"));
expectNoSecret("deploy/.env.example", composeEnv);
const drainSeconds =
  Number(/DRAIN_MS = ([\d_]+)/.exec(read("packages/server/src/app/main.ts"))?.[1]?.replaceAll("_", "")) /
  1000;
expect(drainSeconds > 0, "packages/server/src/app/main.ts does not say how long a server drains");
const healthPaths = [...read("packages/server/src/http/health.ts").matchAll(/app\.get\("([^"]+)"/g)].map(
  ([, path]) => path,
);
const expectPath = (what, path) =>
  expect(healthPaths.includes(path), `${what} asks ${path}, which health.ts does not answer`);

// The image.
const dockerfile = read("deploy/Dockerfile");
const port = /INVIGIL_PORT=(\d+)/.exec(dockerfile)?.[1];
const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
expectSame("deploy/Dockerfile: the second base image", bases[1], bases[0]);
expectSame("deploy/Dockerfile: EXPOSE", /^EXPOSE (\d+)/m.exec(dockerfile)?.[1], port);
expect(/^USER [1-9]\d*:/m.test(dockerfile), "deploy/Dockerfile: USER is not a number other than 0");
expectPath("deploy/Dockerfile", /\{process\.env\.INVIGIL_PORT\}(\/\w+)/.exec(dockerfile)?.[1]);
const pnpm = /pnpm@[\d.]+/;
expectSame("deploy/Dockerfile: pnpm", pnpm.exec(dockerfile), pnpm.exec(read("scripts/setup.mjs")));

// Compose and nginx.
const isServer = ([, { image }]) => image === "invigil:local";
const servers = Object.entries(composed.services).filter(isServer);
const nginx = read("deploy/nginx.conf");
const upstreams = [...nginx.matchAll(/^\s+server ([\w-]+):(\d+) (backup)?/gm)];
for (const backup of [undefined, "backup"])
  expectSame(
    `deploy/nginx.conf: ${backup ?? "upstream"}`,
    upstreams
      .filter((one) => one[3] === backup)
      .map(([, name]) => name)
      .join(),
    servers.map(([name]) => name).join(),
  );
// Join codes are secrets in the path, and tokens may be in the query: the log has neither.
const logged = /log_format invigil ([^;]+);/.exec(nginx)?.[1] ?? "$request";
expect(
  /map \$uri \$logged_uri \{[^}]*~\*\/j\/\. \/j\/-;/.test(nginx) &&
    !/\$(request|request_uri|uri|args|http_referer)\b/.test(logged),
  "deploy/nginx.conf logs join codes or queries",
);
for (const [, name, at] of upstreams) expectSame(`deploy/nginx.conf: the port of ${name}`, at, port);
const addressOf = (name) => composed.services[name].networks.invigil.ipv4_address;
for (const [name, server] of servers) {
  const { environment, healthcheck, stop_grace_period: grace } = server;
  const settings = expectAccepted(`deploy/compose.yaml: ${name}`, {
    ...Object.fromEntries(Object.entries(composeEnv).filter(([key]) => key.startsWith("INVIGIL_"))),
    ...environment,
  });
  const [mounted] = server.tmpfs;
  const memory = bytesOf(/size=(\w+)/.exec(mounted)?.[1]);
  expectRoomForUploads(`deploy/compose.yaml: the tmpfs of ${name}`, memory, settings);
  expectRoomForBuffers(
    `deploy/compose.yaml: mem_limit of ${name}`,
    bytesOf(server.mem_limit),
    settings,
    memory,
  );
  expectRoomForClients(`deploy/compose.yaml: nofile of ${name}`, server.ulimits.nofile, settings);
  expectRoomForConnections(`deploy/compose.yaml: ${name}`, servers.length, settings);
  expectNoSecret(`deploy/compose.yaml: ${name}`, environment);
  expectSame(`deploy/compose.yaml: ${name} trusts`, environment.INVIGIL_TRUSTED_PROXIES, addressOf("proxy"));
  const [, at, path] = /127\.0\.0\.1:(\d+)(\/\w+)/.exec(healthcheck.test.join(" ")) ?? [];
  expectSame(`deploy/compose.yaml: the health check of ${name}`, at, port);
  expectPath(`deploy/compose.yaml: ${name}`, path);
  expect(Number.parseInt(grace, 10) > drainSeconds, `deploy/compose.yaml: ${name} has no time to drain`);
}
expectAtLeast(
  "deploy/nginx.conf: client_max_body_size",
  bytesOf(/client_max_body_size (\w+);/.exec(nginx)?.[1]),
  MAX_AUDIO_BYTES + MIB,
  "an audio file, and the form around it",
);
expectNoSecret("deploy/compose.yaml: postgres", composed.services.postgres.environment);

// systemd.
const unit = read("deploy/invigil.service");
expect(
  Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) > drainSeconds,
  "deploy/invigil.service: the server has no time to drain",
);
expectRoomForClients(
  "deploy/invigil.service: LimitNOFILE",
  /^LimitNOFILE=(\d+)$/m.exec(unit)?.[1],
  readSettings({}).env,
);

// Kubernetes.
const folder = "deploy/kubernetes";
const {
  resources,
  configMapGenerator: [settingsMap],
  images: [image],
} = manifests.get(`${folder}/kustomization.yaml`);
const listed = resources.map((name) => `${folder}/${name}`);
const inOrder = (paths) => paths.toSorted((one, other) => one.localeCompare(other)).join();
const present = [...manifests.keys()].filter(
  (path) => path.startsWith(`${folder}/`) && !/kustomization|\.example\./.test(path),
);
expectSame(`${folder}/kustomization.yaml: resources`, inOrder(listed), inOrder(present));
const { version } = JSON.parse(read("packages/server/package.json"));
expectSame(`${folder}/kustomization.yaml: newTag`, image.newTag, version);
const secret = manifests.get(`${folder}/secret.example.yaml`);
const podSettings = parseEnv(read(`${folder}/${settingsMap.envs[0]}`));
expectNoSecret(`${folder}/settings.env`, podSettings);
expectNoSecret(`${folder}/secret.example.yaml`, secret.stringData);
const podEnv = expectAccepted(folder, { ...podSettings, ...secret.stringData });

const { spec: deployment } = manifests.get(`${folder}/deployment.yaml`);
const { spec: pod, metadata: podMetadata } = deployment.template;
const [container] = pod.containers;
const where = `${folder}/deployment.yaml`;
expectSame(`${where}: containerPort`, container.ports[0].containerPort, podSettings.INVIGIL_PORT);
expectSame(`${folder}/settings.env: the port`, podSettings.INVIGIL_PORT, port);
for (const name of ["startupProbe", "livenessProbe", "readinessProbe"]) {
  expectPath(`${where}: ${name}`, container[name].httpGet.path);
  expectSame(`${where}: the port of ${name}`, container[name].httpGet.port, container.ports[0].name);
}
expectSame(`${where}: livenessProbe`, container.livenessProbe.httpGet.path, "/health");
expectSame(`${where}: readinessProbe`, container.readinessProbe.httpGet.path, "/ready");
const [volume] = pod.volumes;
expectRoomForUploads(`${where}: the volume ${volume.name}`, bytesOf(volume.emptyDir.sizeLimit), podEnv);
expectRoomForBuffers(`${where}: the memory`, bytesOf(container.resources.limits.memory), podEnv);
expectRoomForConnections(where, deployment.replicas + deployment.strategy.rollingUpdate.maxSurge, podEnv);
const preStopSeconds = Number(container.lifecycle.preStop.exec.command[1]);
expect(
  pod.terminationGracePeriodSeconds > preStopSeconds + drainSeconds,
  `${where}: the server has no time to drain`,
);
// A Service called invigil would make Kubernetes set INVIGIL_PORT.
expectSame(`${where}: enableServiceLinks`, pod.enableServiceLinks, false);
const [config, secrets] = container.envFrom;
expectSame(`${where}: the name of the settings`, config.configMapRef.name, settingsMap.name);
expectSame(`${where}: the name of the secret`, secrets.secretRef.name, secret.metadata.name);

const service = manifests.get(`${folder}/service.yaml`);
expectSame(`${folder}/service.yaml: targetPort`, service.spec.ports[0].targetPort, container.ports[0].name);
const labels = JSON.stringify(podMetadata.labels);
const selectors = {
  [where]: deployment.selector.matchLabels,
  [`${folder}/service.yaml`]: service.spec.selector,
  [`${folder}/disruption-budget.yaml`]: manifests.get(`${folder}/disruption-budget.yaml`).spec.selector
    .matchLabels,
  [`${folder}/network-policy.yaml`]: manifests.get(`${folder}/network-policy.yaml`).spec.podSelector
    .matchLabels,
};
for (const [path, selector] of Object.entries(selectors))
  expectSame(`${path}: the selector`, JSON.stringify(selector), labels);
const ingress = manifests.get(`${folder}/ingress.yaml`);
const { backend } = ingress.spec.rules[0].http.paths[0];
expectSame(`${folder}/ingress.yaml: the service`, backend.service.name, service.metadata.name);
expectSame(`${folder}/ingress.yaml: its port`, backend.service.port.name, service.spec.ports[0].name);

for (const fault of faults) console.error(fault);
console.log(`${files.length} files in deploy/, ${faults.length} faults`);
if (faults.length > 0) process.exitCode = 1;
