import { describe, expect, it } from "vitest";
import { createRoutes, type Row } from "./routes.js";
import { createWire } from "./wire.js";

const rows: readonly Row[] = createRoutes(createWire({ timeZone: "UTC" }));

describe("the table of paths", () => {
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
