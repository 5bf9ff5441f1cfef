import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { DateTime } from "luxon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { often } from "./support/effort.js";
import { encode } from "./support/files.js";
import { type Ended, paste, REPOSITORY, type Server, serve, tempFolder } from "./support/process.js";

const GUIDE = readFileSync(join(REPOSITORY, "docs/run-an-exam.md"), "utf8");
/** Replaces the examples of the guide, as it asks for. */
const withOwnValues = (text: string): string =>
  text
    .replaceAll(".school.example", ".school.test")
    .replaceAll(/the-(\w+)-key-of-the-stream-service/g, "5f2c9e-$1");
/** The commands of the guide, in order. The last block starts the server. */
const BLOCKS = [...GUIDE.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => withOwnValues(block));

const [CANDIDATES, TEACHERS] = often([1000, 40], [4000, 160]);
const INSPECTORS = 5;
const ROOMS = Math.ceil(CANDIDATES / 28);
const numbers = (length: number) => Array.from({ length }, (_, index) => index + 1);

/** The files that the guide requires. */
const writeFiles = (folder: string): void => {
  const candidates = numbers(CANDIDATES).map(
    (n) =>
      `2026${String(n).padStart(5, "0")},"考生, ${n}",高三（${(n % 12) + 1}）班,${n % 100 === 0 ? 30 : ""}`,
  );
  writeFileSync(
    join(folder, "candidates.csv"),
    encode(["学号,姓名,班级,加时", ...candidates, ""].join("\r\n"), "gb18030"),
  );
  const staff = [
    ...numbers(TEACHERS).map((n) => `t${n},王老师${n},监考`),
    ...numbers(INSPECTORS).map((n) => `i${n},李督导${n},巡考`),
  ];
  writeFileSync(
    join(folder, "teachers.csv"),
    encode(["考号,姓名,角色", ...staff, ""].join("\r\n"), "gb18030"),
  );
  copyFileSync(join(REPOSITORY, "packages/server/assets/audio/background.wav"), join(folder, "bell.wav"));
};

interface Link {
  readonly role: string;
  readonly room: string;
  readonly id: string;
  readonly name: string;
  readonly link: URL;
  readonly pcLink: string;
}

describe("docs/run-an-exam.md", () => {
  let folder: ReturnType<typeof tempFolder>;
  let server: Server;
  let ended: Ended;
  let links: Link[];
  let tomorrow: string[];
  beforeAll(async () => {
    folder = tempFolder();
    writeFiles(folder.path);
    const inZone = () => DateTime.now().setZone("Asia/Shanghai").plus({ days: 1 }).toFormat("yyyy/MM/dd");
    tomorrow = [inZone()];
    const script = ["set -euo pipefail", ...BLOCKS.slice(0, -1)].join("\n");
    ended = await paste(script, { cwd: folder.path, env: { CLONE: REPOSITORY }, deadlineMs: 150_000 });
    tomorrow.push(inZone());
    expect(ended).toMatchObject({ code: 0, stderr: "" });

    const rows: string[][] = parse(readFileSync(join(folder.path, "links.csv")), { bom: true, from: 2 });
    links = rows.map(([role = "", room = "", id = "", name = "", link = "", pcLink = ""]) => ({
      role,
      room,
      id,
      name,
      link: new URL(link),
      pcLink,
    }));
    expect(BLOCKS.at(-1)).toBe("invigil serve\n");
    server = await serve({ cwd: folder.path, env: { INVIGIL_PORT: "0" } });
  }, 180_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const of = (role: string) => links.filter((link) => link.role === role);
  const call = async (link: Link, path: string, fields: Record<string, string> = {}) => {
    const token = link.link.searchParams.get("token") ?? "";
    const query = new URLSearchParams({ roomId: link.link.searchParams.get("roomId") ?? "", ...fields });
    const response = await fetch(`${server.url}/exam/${path}?${query.toString()}`, {
      headers: { authorization: token },
    });
    return (await response.json()) as { code: number; data: Record<string, unknown> };
  };

  it("gives every candidate one seat, and every room a teacher", () => {
    expect(new Set(of("examinee").map(({ id }) => id)).size).toBe(CANDIDATES);
    expect(of("examinee")).toHaveLength(CANDIDATES);
    const sizes = new Map<string, number>();
    for (const { room } of of("examinee")) sizes.set(room, (sizes.get(room) ?? 0) + 1);
    expect(sizes.size).toBe(ROOMS);
    expect(new Set(sizes.values())).toEqual(new Set([27, 28]));
    expect(new Set(of("teacher").map(({ room }) => room)).size).toBe(ROOMS);
    expect(new Set(of("teacher").map(({ id }) => id)).size).toBe(TEACHERS);
    expect(new Set(of("inspector").map(({ id }) => id)).size).toBe(INSPECTORS);
    expect(of("examinee").find(({ id }) => id === "202600042")?.name).toBe("考生, 42");
  });

  it("makes the exam of tomorrow with its audio", async () => {
    const [teacher] = of("teacher");
    if (!teacher) throw new Error("there is no teacher");
    const room = (await call(teacher, "roomInfo")).data;
    const { data: exam } = await call(teacher, "examInfo", { examId: String(room.examId) });
    const at = (time: string) => tomorrow.map((day) => `${day} ${time}:00`);
    expect(at("09:00")).toContain(exam.startTime);
    expect(at("11:30")).toContain(exam.endTime);
    const times = (exam.radioInfo as { startTime: string }[]).map(({ startTime }) => startTime.slice(11));
    expect(times).toEqual(["08:50:00", "11:25:00"]);
    const manual = exam.audioInfo as { name: string; url: string }[];
    expect(manual.map(({ name }) => name)).toEqual([
      "请保持安静 Quiet, please",
      "请调整摄像头 Mind your camera",
      "铃声 Bell",
    ]);
    const bell = new URL(manual[2]?.url ?? "");
    expect(bell.origin).toBe("https://proctor.school.test");
    const played = await fetch(`${server.url}${bell.pathname}`, { headers: { range: "bytes=0-3" } });
    expect({ status: played.status, text: await played.text() }).toEqual({ status: 206, text: "RIFF" });
  });

  it("gives candidates their extra minutes", async () => {
    const end = async (id: string) => {
      const link = of("examinee").find((one) => one.id === id);
      if (!link) throw new Error(`there is no ${id}`);
      const { data } = await call(link, "roomInfo");
      return (await call(link, "examInfo", { examId: String(data.examId) })).data.endTime as string;
    };
    expect((await end("202600099")).slice(11)).toBe("11:30:00");
    expect((await end("202600100")).slice(11)).toBe("12:00:00");
  });

  it.each(["teacher", "inspector", "examinee"])(
    "gives a link that opens its %s's room and no other",
    async (role) => {
      const [link] = of(role);
      const stranger = of("examinee").findLast(({ room }) =>
        of(role).every((one) => one.id !== link?.id || one.room !== room),
      );
      if (!link || !stranger) throw new Error(`there is no ${role}`);
      const roomId = link.link.searchParams.get("roomId") ?? "";
      expect((await call(link, "roomInfo")).data.id).toBe(roomId);
      expect((await call(link, "userInfo", { userId: link.id })).data).toMatchObject({
        id: link.id,
        name: link.name,
        userStatus: 0,
      });
      const elsewhere = stranger.link.searchParams.get("roomId") ?? "";
      expect(await call(link, "roomInfo", { roomId: elsewhere })).toMatchObject({ code: 403 });
      expect(link.link.searchParams.get("role")).toBe({ teacher: "0", inspector: "1" }[role] ?? null);
    },
  );

  it("lets people log in with the passwords that it printed", async () => {
    for (const username of ["admin1", "teacher2", "inspector3"]) {
      const password = new RegExp(`\\b${username}\\b.*?([A-Za-z0-9]{20})$`, "m").exec(ended.stdout)?.[1];
      const { status, body } = await server.post("/exam/login", { username, password });
      expect({ status, body }).toMatchObject({ status: 200, body: { success: true } });
      const { status: bad } = await server.post("/exam/login", { username, password: "not that" });
      expect(bad).toBe(401);
    }
  });

  it("keeps files with keys and links from everybody else, and makes a card for each candidate", () => {
    for (const file of [".env", "links.csv", "cards.html"])
      expect(statSync(join(folder.path, file)).mode & 0o777).toBe(0o600);
    const page = readFileSync(join(folder.path, "cards.html"), "utf8");
    expect(page.match(/<article class="card coded">/g)).toHaveLength(CANDIDATES);
  });
});
