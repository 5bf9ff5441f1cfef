import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { tempFolder } from "./support/folders.js";

const CALLS = 64;
const TEACHER = { sub: "teacher1", role: "teacher" } as const;

describe("concurrent addCheatRecord calls", () => {
  const poster = (url: string, authorization: string, roomId: string) => async (marker: string) => {
    const record = {
      userId: "teacher1",
      isMainMonitor: false,
      detectType: "watch",
      detectTime: Date.now(),
      extraInfo: marker,
    };
    const response = await fetch(`${url}/exam/cheat/addCheatRecord`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ roomId, data: JSON.stringify([record]) }),
    });
    return (await response.json()) as { success: boolean };
  };

  /** The number of COMMITs after the INSERT of this marker. */
  const commitsAfter = (statements: readonly string[], marker: string): number => {
    const inserted = statements.findIndex((sql) => sql.includes(`'${marker}'`));
    return statements.slice(inserted).filter((sql) => sql === "COMMIT").length;
  };

  it("share commits to disk, and each is answered after its own", async () => {
    using folder = tempFolder();
    const statements: string[] = [];
    await using app = await createTestApp({
      config: { databaseFile: join(folder.path, "invigil.db") },
      onStatement: (sql) => statements.push(sql),
    });
    const room = await app.as(TEACHER).room.create({ name: "Shared" });
    const url = await app.listen();
    const post = poster(url, await app.token(TEACHER), room.id);
    const markers = (of: string) => Array.from({ length: CALLS }, (_, index) => `${of}-${index}`);
    // The first calls open the connections, and the second ones use them, as during an exam.
    await Promise.all(markers("first").map(post));
    statements.length = 0;

    const committedWhenAnswered = await Promise.all(
      markers("second").map(async (marker) => {
        expect(await post(marker)).toMatchObject({ success: true });
        return commitsAfter(statements, marker) > 0;
      }),
    );

    expect(committedWhenAnswered).toEqual(Array.from({ length: CALLS }, () => true));
    const commits = statements.filter((sql) => sql === "COMMIT").length;
    expect(commits).toBeGreaterThan(0);
    expect(commits).toBeLessThanOrEqual(CALLS / 4);
  });
});
