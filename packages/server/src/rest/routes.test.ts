import { pino } from "pino";
import { afterAll, describe, expect, it } from "vitest";
import { openTestDatabase } from "../../test/support/database.js";
import { createDeps } from "../api/deps.js";
import { createAppRouter } from "../api/router.js";
import { createServices } from "../api/services.js";
import { parseConfig } from "../config/config.js";
import { createIds } from "../platform/ids.js";
import { createRoutes, type Row, UNMAPPED_PROCEDURES } from "./routes.js";
import { createWire } from "./wire.js";

const db = await openTestDatabase();
afterAll(() => db.close());

const clock = () => new Date(0);
const deps = createDeps({
  config: parseConfig({ INVIGIL_DATABASE_URL: ":memory:" }),
  db,
  clock,
  monotonic: () => 0,
  ids: createIds({ clock }),
  log: pino({ level: "silent" }),
  publicUrl: () => "http://127.0.0.1:7001",
  authSecret: "a secret of 32 bytes or more, as it must be",
  ownKey: (name) => name,
});
/** All procedures of the router: `room.create`, … */
const procedures = Object.keys(createAppRouter(createServices(deps))._def.procedures).toSorted();
const rows: readonly Row[] = createRoutes(createWire({ timeZone: "UTC" }));
const mapped = [...new Set(rows.map(({ procedure }) => procedure))];

describe("the table of paths", () => {
  it("maps or lists every procedure, and no other", () => {
    expect([...mapped, ...UNMAPPED_PROCEDURES].toSorted()).toEqual(procedures);
  });

  it("has the paths and methods of the contract", () => {
    const all = rows.map(({ methods, path }) => `${methods.join(",")} ${path}`);
    expect(all.toSorted()).toEqual([
      "GET /exam/examInfo",
      "GET /exam/getOssConfig",
      "GET /exam/roomInfo",
      "GET /exam/userAct",
      "GET /exam/userInfo",
      "GET /exam/userList",
      "GET,POST /exam/endRoom",
      "POST /exam/cheat/addCheatRecord",
      "POST /exam/cheat/getCheatConfig",
      "POST /exam/cheat/listCheatRecord",
      "POST /exam/cheat/setCheatConfig",
      "POST /exam/createRoom",
      "POST /exam/getIMToken",
      "POST /exam/login",
      "POST /exam/selectAudio",
      "POST /exam/updateRoomAudioStatus",
      "POST /exam/v2/createRoom",
      "POST /exam/v2/getIMToken",
      "POST /login",
    ]);
  });

  it("contains each path once", () => {
    const paths = rows.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it.each(rows.map((row) => [row.path, row] as const))(
    "%s reads no field twice",
    (_, { fields, headers }) => {
      const names = [
        ...Object.entries(fields).map(([name, { as }]) => as ?? name),
        ...Object.keys(headers ?? {}),
      ];
      expect(new Set(names).size).toBe(names.length);
    },
  );
});
