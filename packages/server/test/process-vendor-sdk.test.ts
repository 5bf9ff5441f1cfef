import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

describe("the vendor's SDK", () => {
  it("is not loaded when a server starts that has settings for it", async () => {
    const main = new URL("../dist/app/main.js", import.meta.url).href;
    const config = new URL("../dist/config/config.js", import.meta.url).href;
    const settings = {
      INVIGIL_DATABASE_URL: ":memory:",
      INVIGIL_PORT: "0",
      INVIGIL_LOG_LEVEL: "silent",
      INVIGIL_ALIYUN_ACCESS_KEY_ID: "id",
      INVIGIL_ALIYUN_ACCESS_KEY_SECRET: "secret",
      INVIGIL_ALIYUN_OLD_IM_APP_ID: "old-app",
      INVIGIL_ALIYUN_LIVE_URL: "http://127.0.0.1:9",
    };
    const script = `
      import { createRequire } from "node:module";
      const { startServer } = await import(${JSON.stringify(main)});
      const { parseConfig } = await import(${JSON.stringify(config)});
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("@alicloud"));
      const server = await startServer(parseConfig(${JSON.stringify(settings)}));
      const before = loaded();
      const old = server.deps.providers.messages.aliyun_old;
      await old.createGroup({ groupId: "g", name: "n", creatorId: "t1", members: [] }).catch(() => {});
      console.log(JSON.stringify([before, loaded()]));
      await server.close();
      process.exit();`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    expect(JSON.parse(stdout)).toEqual([false, true]);
  });
});
