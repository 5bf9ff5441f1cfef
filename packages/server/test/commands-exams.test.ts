import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAX_COUNTED } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { shop } from "./support/shop.js";
import { mp3, wav } from "./support/sounds.js";

// The library and exams, using only commands.

const TIMES = ["--start", "2026-06-07 09:00", "--end", "11:30"];

describe("`invigil audio`", () => {
  it("adds files and URLs, says their ids, and lists them", async () => {
    using place = shop();
    writeFileSync(join(place.path, "bell.pdf"), wav());
    const bell = await place.fine("audio", "add", "bell.pdf", "--name", "开考铃 Bell", "--default", "-q");
    expect(bell).toMatch(/^[0-9a-f]{32}$/);
    const url = "https://cdn.example/x.mp3";
    const noted = await place.json("audio", "add", url, "--name", "Noted", "--classify", "2");
    expect(noted).toEqual({ id: expect.any(String), name: "Noted", classify: 2, isDefault: false, url });
    const output = await place.fine("audio", "add", "bell.pdf", "--name", "Again");
    expect(output).toMatch(
      /^Added the clip Again, [0-9a-f]{32}: http:\/\/127\.0\.0\.1:0\/audio\/[0-9a-f]{64}\.wav$/,
    );
    expect(readdirSync(join(place.path, "data/audio"))).toHaveLength(1);

    const ids = (list: Parsed) => list.map(({ id }: Parsed) => id);
    const all = await place.json("audio", "list");
    expect(all).toMatchObject([{ id: bell, isDefault: true }, noted, { name: "Again" }]);
    expect(ids(await place.json("audio", "list", "--name", "bELL"))).toEqual([bell]);
    expect(ids(await place.json("audio", "list", "--classify", "2"))).toEqual([noted.id]);
    const [header = "", first = ""] = (await place.fine("audio", "list")).split("\n");
    expect(header).toMatch(/^ID +CLASS +DEFAULT +NAME +URL$/);
    expect(first).toMatch(new RegExp(`^${bell} +0 +yes +开考铃 Bell +http`));
    expect(await place.fine("audio", "list", "--name", "nothing")).toBe("No clips were found.");
  });

  it("changes and deletes clips, but none that an exam plays", async () => {
    using place = shop();
    writeFileSync(join(place.path, "a.mp3"), mp3());
    const clip = await place.fine("audio", "add", "a.mp3", "--name", "A", "-q");
    const changed = await place.json("audio", "update", clip, "--name", "B", "--classify", "7", "--default");
    expect(changed).toMatchObject({ id: clip, name: "B", classify: 7, isDefault: true });
    expect(await place.json("audio", "update", clip, "--no-default")).toMatchObject({
      name: "B",
      isDefault: false,
    });
    const exam = await place.fine("exam", "create", "--name", "E", ...TIMES, "-q");
    const attached = await place.json("audio", "attach", clip, "--exam", exam, "--at", "08:50");
    expect(attached).toMatchObject({ clipId: clip, startTime: "2026-06-07T00:50:00.000Z" });
    expect(await place.fine("audio", "attach", clip, "--exam", exam)).toContain("when the teacher starts it");
    expect(await place.refusal("audio", "delete", clip, "--yes")).toBe(
      `invigil: 1 exam plays the audio clip ${clip}.`,
    );
    const { manualAudio } = await place.json("exam", "show", exam);
    for (const id of [attached.id, manualAudio[0].id])
      await place.fine("audio", "detach", id, "--exam", exam);
    expect(await place.fine("audio", "delete", clip, "--yes")).toBe(`Deleted the clip ${clip}.`);
    expect(readdirSync(join(place.path, "data/audio"))).toEqual([]);
  });

  it("refuses in one line what it cannot take, and keeps nothing of it", async () => {
    using place = shop();
    writeFileSync(join(place.path, "text.mp3"), "no audio");
    mkdirSync(join(place.path, "folder"));
    const add = (source: string, ...more: string[]) =>
      place.refusal("audio", "add", source, "--name", "N", ...more);
    expect(await add("text.mp3")).toBe("invigil: <file|url> must be mp3, wav, ogg or m4a audio");
    expect(await add("none.mp3")).toBe(
      "invigil: The file none.mp3 cannot be read: no such file or directory",
    );
    expect(await add("folder")).toBe("invigil: folder is not a file");
    expect(await add("https://")).toBe("invigil: <file|url> must be an http or https URL");
    expect(await place.json("audio", "list")).toEqual([]);
    const folder = join(place.path, "data/audio");
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  });
});

describe("`invigil exam`", () => {
  const clips = async (place: ReturnType<typeof shop>, ...names: string[]) => {
    const ids: string[] = [];
    for (const name of names)
      ids.push(await place.fine("audio", "add", `https://cdn.example/${name}.mp3`, "--name", name, "-q"));
    return ids as [string, string, string];
  };

  it("makes an exam with its times, its video and what it plays, and shows both clocks", async () => {
    using place = shop();
    const [notice, bell, music] = await clips(place, "notice", "bell", "music");
    const video = ["--video", "1280x720@15,1500"];
    const audio = [
      "--schedule",
      `${notice}@08:50`,
      `${bell}@2026-06-07T03:30:00Z`,
      "--offer",
      music,
      "--offer",
      bell,
    ];
    const options = ["--name", "期末考试", ...TIMES, ...video, ...audio];
    const made = await place.json("exam", "create", ...options);
    expect(made).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: "期末考试",
      startTime: "2026-06-07T01:00:00.000Z",
      endTime: "2026-06-07T03:30:00.000Z",
      videoProfile: { name: "1280x720", data: { width: 1280, height: 720, frameRate: 15, maxBitrate: 1500 } },
      scheduledAudio: [
        { clipId: notice, startTime: "2026-06-07T00:50:00.000Z" },
        { clipId: bell, startTime: "2026-06-07T03:30:00.000Z" },
      ],
      manualAudio: [{ clipId: music }, { clipId: bell }],
    });
    const counts = { rooms: 0, examinees: 0 };
    expect(await place.json("exam", "show", made.id)).toEqual({ ...made, counts });
    const shown = await place.fine("exam", "show", made.id);
    for (const text of [
      made.id,
      "期末考试",
      "2026-06-07 09:00 Asia/Shanghai (2026-06-07T01:00:00Z)",
      "2026-06-07 11:30 Asia/Shanghai (2026-06-07T03:30:00Z)",
      "1280x720, 15 frames/s, 1500 kbit/s",
      `${made.scheduledAudio[0].id}  2026-06-07 08:50 Asia/Shanghai (2026-06-07T00:50:00Z)`,
    ])
      expect(shown).toContain(text);
    expect(await place.fine("exam", "create", ...options)).toContain("2026-06-07 09:00 Asia/Shanghai");
  });

  it("reads days as the configured zone has them", async () => {
    using place = shop();
    const times = ["--start", "tomorrow 23:30", "--end", "23:59"];
    const made = await place.json("exam", "create", "--name", "E", ...times);
    const [start, end] = [new Date(made.startTime), new Date(made.endTime)];
    expect(end.getTime() - start.getTime()).toBe(29 * 60_000);
    expect(start.toISOString()).toMatch(/T15:30:00\.000Z$/);
    const ahead = (start.getTime() - Date.now()) / 3_600_000;
    expect(ahead).toBeGreaterThan(23);
    expect(ahead).toBeLessThan(48);
  });

  it("changes what is given, and leaves the rest", async () => {
    using place = shop();
    const [a, b] = await clips(place, "a", "b");
    await place.fine("audio", "update", b, "--default");
    const options = ["--video", "640x480@10,500", "--schedule", `${a}@08:50`];
    const made = await place.json("exam", "create", "--name", "E", ...TIMES, ...options);
    // The default clip is not attached to the exam.
    expect(made.manualAudio).toMatchObject([{ id: b, clipId: b }]);
    const moved = await place.json("exam", "update", made.id, "--end", "12:00", "--schedule", `${a}@08:55`);
    expect(moved).toMatchObject({
      name: "E",
      startTime: made.startTime,
      endTime: "2026-06-07T04:00:00.000Z",
      videoProfile: made.videoProfile,
      scheduledAudio: [{ startTime: "2026-06-07T00:55:00.000Z" }],
      manualAudio: [{ id: b }],
    });
    const offering = await place.json("exam", "update", made.id, "--offer", a, "--no-video");
    expect(offering).toMatchObject({ scheduledAudio: moved.scheduledAudio, manualAudio: [{ clipId: a }] });
    expect(offering).not.toHaveProperty("videoProfile");
    const next = await place.json("exam", "update", made.id, "--start", "2026-06-08 09:00", "--end", "11:30");
    expect(next).toMatchObject({
      endTime: "2026-06-08T03:30:00.000Z",
      manualAudio: [{ clipId: a }],
      scheduledAudio: [{ clipId: a, startTime: "2026-06-08T00:55:00.000Z" }],
    });
    // Scheduled clips move with the start, which is printed. A new end moves nothing.
    const earlier = await place.fine("exam", "update", made.id, "--start", "2026-06-08 08:30", "--offer", b);
    expect(earlier).toMatch(
      / 2026-06-08 08:25 Asia\/Shanghai .*\n\n1 scheduled clip moved with the start\.$/s,
    );
    const later = await place.fine(
      "exam",
      "update",
      made.id,
      "--start",
      "2026-06-08 08:30",
      "--end",
      "12:30",
    );
    expect(later).toContain(" 2026-06-08 08:25 Asia/Shanghai ");
    expect(later).not.toContain("moved");
    const dated = ["--start", "2026-06-09 09:00", "--end", "11:30", "--schedule", `${a}@08:50`];
    const again = await place.json("exam", "update", made.id, ...dated);
    expect(again.scheduledAudio).toMatchObject([{ startTime: "2026-06-09T00:50:00.000Z" }]);
    expect(await place.fine("exam", "update", made.id, "--name", "F")).toMatch(/^name +F$/m);
  });

  it("changes the times of a running exam with a reason, and says for how many people", async () => {
    using place = shop();
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const exam = await place.fine(
      "exam",
      "create",
      "--name",
      "E",
      "--start",
      hour(-1),
      "--end",
      hour(1),
      "-q",
    );
    await place.fine("room", "create", "--exam", exam, "--name", "R", "--by", "t1");
    writeFileSync(join(place.path, "people.csv"), "id,name,room,extraMinutes\ne1,Li,R,0\ne2,Wang,R,100\n");
    await place.fine("roster", "import", "people.csv", "--exam", exam);
    const update = ["exam", "update", exam, "--end", hour(-0.5)] as const;
    const why = ["--reason", "technical", "--note", "Fire", "--message", "Leave the house."] as const;
    expect(await place.refusal(...update)).toBe(
      "invigil: --reason is required: the exam has begun, and its times change for 2 people, for 1 of whom it would be over at once",
    );
    expect(await place.refusal(...update, "--note", "Fire")).toContain("--reason");
    expect(await place.refusal(...update, "--reason", "fire")).toContain("technical");
    expect(await place.json(...update, ...why)).toMatchObject({ timesChanged: { people: 2, overAtOnce: 1 } });
    expect(await place.fine("timeline", "e1", "--exam", exam)).toMatch(
      / times +by .*ends \S+Z -> \S+Z.*technical.*Fire/,
    );
    expect(await place.fine("exam", "update", exam, "--end", hour(-0.6), ...why)).toMatch(
      /\n\nThe times have changed for 1 person in the exam\.$/,
    );
    // Their time is over, and that of the other is not.
    expect(await place.fine("timeline", "e1", "--exam", exam)).toMatch(/ time_over *$/m);
    expect(await place.fine("timeline", "e2", "--exam", exam)).not.toContain("time_over");
    // Without a change of times there is nothing to count.
    expect(await place.json("exam", "update", exam, "--name", "F")).not.toHaveProperty("timesChanged");
  });

  it("lists exams, newest first, and deletes them", async () => {
    using place = shop();
    expect(await place.fine("exam", "list")).toBe("There are no exams.");
    const [first, second] = [
      await place.fine("exam", "create", "--name", "First", ...TIMES, "-q"),
      await place.fine("exam", "create", "--name", "Second", ...TIMES, "-q"),
    ];
    const exams = await place.json("exam", "list");
    expect(exams.map(({ id }: Parsed) => id)).toEqual([second, first]);
    await place.fine("room", "create", "--exam", second, "--name", "R", "--by", "t1");
    expect((await place.json("exam", "list")).map(({ counts }: Parsed) => counts)).toEqual([
      { rooms: 1, examinees: 0 },
      { rooms: 0, examinees: 0 },
    ]);
    const listed = await place.fine("exam", "list");
    expect(listed).toMatch(/^ID +START +END +ROOMS +CANDIDATES +NAME$/m);
    expect(listed).toMatch(
      new RegExp(
        `^${second} +2026-06-07 09:00 Asia/Shanghai \\(2026-06-07T01:00:00Z\\) .* 1 +0 +Second$`,
        "m",
      ),
    );
    expect(await place.fine("exam", "delete", first, "--yes", "--erase-now")).toBe(
      "Deleted the exam First, 0 rooms and 0 people.",
    );
    expect(await place.refusal("exam", "show", first)).toBe(`invigil: There is no exam '${first}'`);
  });

  it("counts all people of an exam, and of a backup, whether they have a room or not", async () => {
    using place = shop();
    // More than lists of the API count.
    const people = MAX_COUNTED + 5;
    const rows = Array.from({ length: people }, (_, n) => `k${n},N${n},${n < 3 ? "Hall" : ""}\n`);
    await place.fine("exam", "create", "--name", "Large", ...TIMES);
    await place.fine("room", "create", "--exam", "Large", "--name", "Hall", "--by", "t1");
    writeFileSync(join(place.path, "people.csv"), `id,name,room\n${rows.join("")}`);
    await place.fine("roster", "import", "people.csv", "--exam", "Large");

    const counts = { rooms: 1, examinees: people };
    expect((await place.json("exam", "list"))[0]).toMatchObject({ name: "Large", counts });
    expect(await place.fine("exam", "list")).toMatch(new RegExp(` 1 +${people} +Large$`, "m"));
    expect(await place.json("exam", "show", "Large")).toMatchObject({ counts });
    expect(await place.fine("exam", "show", "Large")).toMatch(
      new RegExp(`^rooms +1\ncandidates +${people}$`, "m"),
    );
    // With the teacher of the room.
    expect(await place.fine("backup", "create", "saved")).toContain(`, 1 room, ${people + 1} people, `);
  });

  it("refuses in one line what it cannot read, and makes nothing", async () => {
    using place = shop();
    const create = (...more: string[]) => place.refusal("exam", "create", "--name", "E", ...more);
    expect(await create("--start", "soon", "--end", "11:30")).toMatch(
      /^invigil: --start must be a time like/,
    );
    expect(await create("--start", "2026-06-07 09:00", "--end", "08:00")).toBe(
      "invigil: --end must be after --start",
    );
    expect(await create(...TIMES, "--video", "720p")).toContain("1280x720@15,1500");
    expect(await create(...TIMES, "--schedule", "x")).toBe("invigil: --schedule must be CLIP@TIME, not 'x'");
    expect(await create(...TIMES, "--offer", "none")).toBe("invigil: There is no audio clip none.");
    expect(await create(...TIMES, "--by", "a b")).toMatch(/^invigil: --by must be/);
    expect(await place.json("exam", "list")).toEqual([]);
  });
});
