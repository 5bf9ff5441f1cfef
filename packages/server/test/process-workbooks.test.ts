import superjson from "superjson";
import { expect, it } from "vitest";
import { forged, xlsx } from "./support/files.js";
import { serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

// Hostile workbooks, sent to the packed program.

const REFUSED = /^file (cannot be used: |must have at most |has no column )/;

it("goes on after every workbook and list that is made to end it, and imports the next one", async () => {
  using folder = tempFolder();
  await using server = await serve({ cwd: folder.path, env: { ...testEnv, INVIGIL_PORT: "0" } });
  const authorization = await tokenFor("teacher", "t1");
  const call = async (path: string, input: object) => {
    const response = await fetch(`${server.url}/trpc/${path}`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify(superjson.serialize(input)),
    });
    const body = (await response.json()) as {
      result?: { data: Parameters<typeof superjson.deserialize>[0] };
      error?: Parameters<typeof superjson.deserialize>[0];
    };
    return {
      data: body.result && superjson.deserialize<{ id: string; added: number }>(body.result.data),
      error: body.error && superjson.deserialize<{ message: string }>(body.error),
    };
  };
  const { data: exam } = await call("exam.create", {
    name: "E",
    startTime: new Date(0),
    endTime: new Date(1),
  });
  const send = (file: Uint8Array) =>
    call("participant.import", { examId: exam?.id, file: Buffer.from(file).toString("base64") });

  const hostile = [
    forged(
      '<row r="1"><c r="A1"><v>1</v></c></row><row r="1000000000"><c r="A1000000000"><v>1</v></c></row>',
    ),
    forged('<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>'),
    forged(`<row r="1"><c ${" ".repeat(1_000_000)}r="A1"><v>1</v></c></row>`),
    forged("<row/>".repeat(1_000_000)),
    Buffer.from(`id,name\n${"\n".repeat(1_000_000)}`),
  ];
  const refusals = await Promise.all(hostile.map(send));
  for (const { error } of refusals) expect(error?.message).toMatch(REFUSED);
  const roster = await xlsx([
    ["id", "name"],
    ["k1", "A"],
  ]);
  expect((await send(roster)).data).toMatchObject({ added: 1 });
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
});
