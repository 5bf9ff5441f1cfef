import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { STORY_LOOKS, textsOf } from "./support/languages.js";

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await openAppFixture();
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(STORY_LOOKS)("the overview of an invigilator, in $locale", ({ locale, ...look }) => {
  it("has their few rooms by name", async () => {
    const people = [{ userId: "e1", name: "Emma Clarke" }];
    const names = ["A long name of a room in the old library", `Hall ${locale}`];
    const [room = "", other = ""] = names;
    const { examId } = await openExamRoom(fixture, { room, people });
    await openExamRoom(fixture, { room: other, people: [{ userId: "e2", name: "Li Wei" }], examId });
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      ...look,
      path: `exams/${examId}`,
    });
    const { page } = open;
    const rooms = page
      .getByRole("region", { name: textsOf(locale)("overview.heat.title") })
      .getByRole("link");
    await rooms.first().waitFor();
    expect((await rooms.allInnerTexts()).map((text) => text.trim())).toEqual(names);
    await open.check();
    await open.picture(`overview-rooms-${locale}`);
    await rooms.last().click();
    await page.getByRole("heading", { name: other }).waitFor();
  });
});
