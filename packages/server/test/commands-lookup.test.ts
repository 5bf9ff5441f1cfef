import { describe, expect, it } from "vitest";
import { shop } from "./support/shop.js";

// Commands accept an exam by its id or its name.

const TIMES = ["--start", "2026-06-07 09:00", "--end", "11:30"];
const create = (place: ReturnType<typeof shop>, name: string) =>
  place.fine("exam", "create", "--name", name, ...TIMES, "-q");

describe("an exam", () => {
  it("is shown, changed and deleted by its id or its name", async () => {
    using place = shop();
    const [maths, art] = [await create(place, "高等 数学"), await create(place, "Art")];
    expect(await place.json("exam", "show", "高等 数学")).toMatchObject({ id: maths, name: "高等 数学" });
    expect(await place.json("exam", "show", maths)).toMatchObject({ id: maths, name: "高等 数学" });
    expect(await place.json("exam", "update", "Art", "--end", "12:00")).toMatchObject({
      id: art,
      endTime: "2026-06-07T04:00:00.000Z",
    });
    expect(await place.json("exam", "update", art, "--name", "Arts")).toMatchObject({
      id: art,
      name: "Arts",
    });
    // Names must match exactly.
    for (const text of ["Art", "arts", " Arts"])
      expect(await place.refusal("exam", "delete", text)).toBe(`invigil: There is no exam '${text}'`);
    expect(await place.json("exam", "delete", "Arts", "--yes")).toMatchObject({
      examId: art,
      rooms: 0,
      people: 0,
    });
    expect(await place.fine("exam", "delete", maths, "--yes")).toMatch(
      /^Deleted the exam 高等 数学, 0 rooms and 0 people\.\n/,
    );
    expect(await place.json("exam", "list")).toEqual([]);
  });

  it("plays a clip by its id or its name", async () => {
    using place = shop();
    const exam = await create(place, "Maths");
    const clip = await place.fine("audio", "add", "https://cdn.example/a.mp3", "--name", "A", "-q");
    const attach = ["audio", "attach", clip, "--exam"];
    const first = await place.json(...attach, "Maths", "--at", "08:50");
    expect(first).toMatchObject({ clipId: clip, startTime: "2026-06-07T00:50:00.000Z" });
    const output = await place.fine(...attach, exam);
    const [, second = ""] =
      /^The exam Maths plays A when the teacher starts it: ([0-9a-f]{32})$/.exec(output) ??
      expect.fail(output);
    const shown = await place.json("exam", "show", exam);
    expect(shown).toMatchObject({ scheduledAudio: [{ id: first.id }], manualAudio: [{ id: second }] });
    expect(await place.json("audio", "detach", first.id, "--exam", "Maths")).toEqual({
      examId: exam,
      attachmentId: first.id,
      detached: true,
    });
    expect(await place.fine("audio", "detach", second, "--exam", exam)).toBe(`Detached ${second}.`);
    expect(await place.refusal(...attach, "Art")).toBe("invigil: There is no exam 'Art'");
    expect(await place.json("exam", "show", exam)).toMatchObject({ scheduledAudio: [], manualAudio: [] });
  });

  it("is meant by its id alone where another has its name", async () => {
    using place = shop();
    const [first, second] = [await create(place, "Art"), await create(place, "Art")];
    const clip = await place.fine("audio", "add", "https://cdn.example/a.mp3", "--name", "A", "-q");
    for (const command of [
      ["exam", "show", "Art"],
      ["exam", "update", "Art", "--name", "Music"],
      ["exam", "delete", "Art"],
      ["audio", "attach", clip, "--exam", "Art"],
      ["audio", "detach", clip, "--exam", "Art"],
    ])
      expect(await place.refusal(...command)).toMatch(
        new RegExp(
          `^invigil: 2 exams are named 'Art': specify the id of one of them \\(${second} begins [-\\dT:]+Z, created [-\\dT:]+Z, ${first} begins .*Z\\)$`,
        ),
      );
    const both = await place.json("exam", "list");
    expect(both).toMatchObject([
      { id: second, name: "Art" },
      { id: first, name: "Art" },
    ]);
    expect(await place.json("exam", "delete", first, "--yes")).toMatchObject({ examId: first });
    expect(await place.json("exam", "show", "Art")).toMatchObject({ id: second });
  });

  it("is the one with that id, also where another has the id as its name", async () => {
    using place = shop();
    const meant = await create(place, "Art");
    const other = await create(place, meant);
    expect(await place.json("exam", "show", meant)).toMatchObject({ id: meant, name: "Art" });
    expect(await place.json("exam", "delete", meant, "--yes")).toMatchObject({ examId: meant });
    expect(await place.json("exam", "show", meant)).toMatchObject({ id: other });
  });
});
