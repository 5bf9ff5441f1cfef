import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { STORY_LOOKS, textsOf } from "./support/languages.js";

// Three people of one name are in an exam, one of them among the staff. Each screen says which of them it means.

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await openAppFixture({ config: { presenceSettleSeconds: 0 } });
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(STORY_LOOKS)("people of one name, in $locale", ({ locale, ...look }) => {
  const t = textsOf(locale);
  const of = (id: string, name = "Li Wei") => t("common.namesake", { name, id });

  it("are told apart by their ids, in tiles, menus, dialogs, lines and lists", async () => {
    const people = [
      { userId: "e1", name: "Li Wei" },
      { userId: "e2", name: "ｌｉ wei" },
      { userId: "e3", name: "Emma Clarke" },
    ];
    const hall = await openExamRoom(fixture, { room: `Hall ${locale}`, people });
    const { examId, roomId } = hall;
    const colleague = { userId: "t2", name: "LI WEI", role: "teacher" as const };
    await fixture.admin.participant.add({ roomId, participants: [colleague] });
    const leave = await Promise.all(people.map(({ userId }) => hall.enter(userId)));
    await hall.as("e1").hand.raise({ roomId, kind: "break" });
    const [one, other] = [of("e1"), of("e2", "ｌｉ wei")];
    const staff = of("t2", "LI WEI");
    await fixture.app
      .as({ sub: "t2", role: "teacher" })
      .exam.note({ examId, roomId, userId: "e2", severity: "look", text: "Looked away", key: "a note" });

    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      ...look,
      path: `exams/${examId}/rooms/${roomId}`,
    });
    const { page, check, picture } = open;
    const go = (path: string) =>
      page.goto(new URL(`exams/${examId}/${path}`, new URL("/console/", page.url())).href);
    const named = {
      one: new RegExp(one.replaceAll(/[()]/g, "\\$&")),
      other: new RegExp(other.replaceAll(/[()]/g, "\\$&")),
    };
    for (const name of [named.one, named.other, /Emma Clarke(?! ?[(（])/]) {
      await page.getByRole("listitem").getByRole("link", { name }).first().waitFor();
      await page.getByRole("listitem").getByRole("checkbox", { name }).waitFor();
      await page.getByRole("listitem").getByRole("button", { name }).first().waitFor();
    }
    await check();
    await picture(`same-names-room-${locale}`);
    await page.getByRole("checkbox", { name: named.one }).check();
    if (look.width < 760) await go(`rooms/${roomId}?pane=feed&to=e1`);
    await page.getByRole("textbox", { name: named.one }).waitFor();
    // Who did it, and about whom.
    const line = page.getByRole("listitem").filter({ hasText: "Looked away" });
    await line.waitFor();
    expect(await line.textContent()).toContain(other);
    expect(await line.textContent()).toContain(staff);
    await picture(`same-names-feed-${locale}`);

    await go("");
    await page.getByRole("link", { name: one }).waitFor();
    await page.getByRole("button", { name: named.one }).click();
    await page.getByRole("dialog", { name: named.one }).waitFor();
    await page.keyboard.press("Escape");
    await picture(`same-names-overview-${locale}`);

    await go("candidates");
    for (const name of [one, other, "Emma Clarke"])
      await page.getByRole("link", { name, exact: true }).waitFor();
    for (const name of [named.one, named.other]) await page.getByRole("checkbox", { name }).check();
    await picture(`same-names-candidates-${locale}`);
    await page
      .getByRole("toolbar")
      .getByRole("button", { name: t("watching.acts.remove"), exact: true })
      .click();
    const dialog = page.getByRole("dialog", { name: t("watching.remove.title", { count: 2, name: "" }) });
    await dialog.getByText(one).waitFor();
    expect(await dialog.textContent()).toContain(other);
    await page.keyboard.press("Escape");

    await go("candidates/e2");
    await page.getByRole("heading", { name: other }).waitFor();
    await page.getByRole("button", { name: named.other }).first().click();
    await page.getByRole("menuitem", { name: t("watching.acts.note"), exact: true }).click();
    await page.getByRole("dialog", { name: named.other }).waitFor();
    await page.keyboard.press("Escape");
    await picture(`same-names-candidate-${locale}`);

    await go("setup/roster");
    for (const name of [named.one, named.other]) await page.getByRole("button", { name }).waitFor();
    await page.locator("input[type=file]").setInputFiles({
      name: "late.csv",
      mimeType: "text/csv",
      buffer: Buffer.from("id,name\nn1,Li Wei\nn2,LI WEI\ne1,Li Wei\n"),
    });
    await page
      .getByText(
        t("setup.roster.sameName", {
          count: 4,
          name: "Li Wei",
          ids: ["n1", "n2", "e1", "e2"].join(t("setup.roster.between")),
        }),
      )
      .waitFor();
    await check();
    await picture(`same-names-import-${locale}`);
    await go("setup/staff");
    await page.getByText(staff).waitFor();
    await page.getByRole("button", { name: /t2/ }).waitFor();
    await check();
    for (const each of leave) each();
  });
});
