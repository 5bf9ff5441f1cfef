import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freePort } from "./support/ports.js";
import { paste, REPOSITORY, run, serve, tempFolder, testEnv } from "./support/process.js";

const MAIN = join(REPOSITORY, "packages/server/dist/app/main.js");
const metricsAt = (host: string, port: number): Promise<Response> => fetch(`http://${host}:${port}/metrics`);

it("serves the metrics on a port of the loopback interface, wherever the server listens", async () => {
  using folder = tempFolder();
  const port = await freePort();
  const env = { ...testEnv, INVIGIL_HOST: "0.0.0.0", INVIGIL_METRICS_PORT: String(port) };
  await using server = await serve({ cwd: folder.path, env });
  const response = await metricsAt("127.0.0.1", port);
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text).toMatch(/^invigil_build_info\{version="\d+\.\d+\.\d+.*"\} 1$/m);
  expect(text).toMatch(/^invigil_log_lines_total\{level="error"\} 0$/m);
  // INVIGIL_PUBLIC_URL is not set, which the server logs as a warning.
  expect(Number(/^invigil_log_lines_total\{level="warn"\} (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(0);
  expect(text).toMatch(/^invigil_disk_free_bytes \d+$/m);

  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST" })).status).toBe(405);
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const outer = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  if (outer) {
    expect((await fetch(`http://${outer.address}:${new URL(server.url).port}/health`)).status).toBe(200);
    await expect(metricsAt(outer.address, port)).rejects.toThrow("fetch failed");
  }

  const others = { cwd: folder.path, env: { ...env, INVIGIL_DATABASE_URL: ":memory:" } };
  for (const args of [["serve", "--check"], ["serve"]])
    expect(await run(args, others)).toMatchObject({
      code: 1,
      stderr: `invigil: The metrics cannot be served on 127.0.0.1, INVIGIL_METRICS_PORT ${port}: address already in use\n`,
    });
});

it("asks for the token at the port, too", async () => {
  using folder = tempFolder();
  const port = await freePort();
  const token = "a-token-for-metrics";
  await using _ = await serve({
    cwd: folder.path,
    env: { ...testEnv, INVIGIL_METRICS_PORT: String(port), INVIGIL_METRICS_TOKEN: token },
  });
  const statusWith = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).status;
  expect(await statusWith({})).toBe(401);
  expect(await statusWith({ authorization: `Bearer ${token}x` })).toBe(401);
  expect(await statusWith({ authorization: `Bearer ${token}` })).toBe(200);
});

it("loads nothing for metrics that are off", async () => {
  using folder = tempFolder();
  const loadedWith = async (settings: string): Promise<string> => {
    const program = `
      import { createRequire } from "node:module";
      const { startServer } = await import("${MAIN}");
      const { parseConfig } = await import("${MAIN.replace("app/main", "config/config")}");
      const server = await startServer(parseConfig({ INVIGIL_DATABASE_URL: ":memory:", INVIGIL_PORT: "0", INVIGIL_LOG_LEVEL: "silent", ${settings} }));
      console.log(Object.keys(createRequire("${MAIN}").cache).some((file) => file.includes("prom-client")));
      await server.close();`;
    const { code, stdout, stderr } = await paste(`node --input-type=module -e '${program}'`, {
      cwd: folder.path,
      env: {},
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };
  expect(await loadedWith("")).toBe("false\n");
  expect(await loadedWith('INVIGIL_METRICS_TOKEN: "0123456789abcdef"')).toBe("true\n");
});
