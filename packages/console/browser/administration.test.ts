import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRongCloud } from "../../server/test/simulators/rongcloud.js";
import type { Locale } from "../src/texts/texts.js";
import { type AppFixture, type ConsolePage, openAppFixture, PASSWORD } from "./support/console.js";
import { patternOf, STORY_LANGUAGES, textsOf, UNKNOWN } from "./support/languages.js";

const CLIP = fileURLToPath(new URL("../../server/assets/audio/end-of-exam.wav", import.meta.url));
/** A clip that plays for a minute, so that it can be stopped: silence, of 8000 bytes a second. */
const longClip = (): Buffer => {
  const samples = Buffer.alloc(60 * 8000, 128);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(8000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
};
const LONG = "Maximiliana-Alexandra von Hohenstauffenberg-Wolkenstein zu Trost";

/** What a page says that hears of each change. */
const LIVE = { en: /^Live, updated/, "zh-CN": /^实时，/ } as const;

let fixture: AppFixture;
/** An exam of t1 with a room, which signed-in pages watch. */
let examId = "";
let roomId = "";
const space = { free: Number.POSITIVE_INFINITY };

beforeAll(async () => {
  fixture = await openAppFixture({ freeSpace: async () => space.free });
  const now = Date.now();
  ({ id: examId } = await fixture.teacher.exam.create({
    name: "Mathematics A",
    startTime: new Date(now),
    endTime: new Date(now + 3_600_000),
  }));
  ({ id: roomId } = await fixture.teacher.room.create({ examId, name: "Room 1" }));
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

const signIn = async ({ page }: ConsolePage, locale: Locale, userId: string, password: string) => {
  const t = textsOf(locale);
  await page.getByLabel(t("common.signIn.user")).fill(userId);
  await page.getByLabel(t("common.signIn.password"), { exact: true }).fill(password);
  await page.getByRole("button", { name: t("common.signIn.submit") }).click();
};

describe.each(STORY_LANGUAGES)("the administration, in %s", (locale) => {
  const t = textsOf(locale);
  /** What the audit calls the making of accounts in its list of what happened. */
  const making = t("audit.account.create", {
    who: "",
    ok: "ok",
    person: t("audit.values.person"),
  }).trim();
  const userId = locale === "en" ? "chen.jing" : "liu_yang";
  const name = locale === "en" ? LONG : "刘洋";

  it("makes an account, which signs in elsewhere and is out at once when its session is ended; the audit says who did it", async () => {
    await using admin = await fixture.openConsole({ role: "admin", locale, path: "admin" });
    const { page, check, picture } = admin;
    await page.getByRole("heading", { name: t("administration.parts.accounts") }).waitFor();
    await page.getByRole("row").nth(1).waitFor();
    await check();
    await page.getByRole("button", { name: t("administration.accounts.create") }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(t("administration.accounts.name"), { exact: true }).fill(name);
    await dialog.getByLabel(t("administration.accounts.userId")).fill(userId);
    await dialog.getByLabel(t("administration.accounts.password"), { exact: true }).fill("short");
    expect(
      await dialog.getByRole("button", { name: t("administration.accounts.createAction") }).isDisabled(),
    ).toBe(true);
    await check();
    await picture(`account-create-${locale}`);
    await dialog.getByLabel(t("administration.accounts.password"), { exact: true }).fill(PASSWORD);
    await dialog.getByRole("button", { name: t("administration.accounts.createAction") }).click();
    await page.getByRole("row", { name: userId }).waitFor();
    await check();

    await using other = await fixture.openConsole({ locale, path: "admin/accounts" });
    await signIn(other, locale, userId, PASSWORD);
    await other.page.getByRole("heading", { name: t("administration.closed.title") }).waitFor();
    await other.check();
    await other.picture(`closed-${locale}`);
    await other.page.getByRole("link", { name: t("administration.closed.sessions") }).click();
    await other.page.getByText(t("administration.sessions.own")).waitFor();
    expect(await other.page.getByRole("row").count()).toBe(2);
    await other.check();
    await other.picture(`own-sessions-${locale}`);

    // They watch a room.
    await fixture.teacher.participant.add({ roomId, participants: [{ userId, name, role: "teacher" }] });
    await other.page.goto(`${fixture.url}/console/exams/${examId}/records`);
    await other.page.getByText(LIVE[locale]).waitFor();

    await page.getByRole("link", { name: t("administration.parts.sessions") }).click();
    await page.getByRole("button", { name: t("administration.sessions.endOf", { name }) }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("administration.sessions.action") })
      .waitFor();
    await check();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("administration.sessions.action") })
      .click();
    await page.getByRole("row", { name: userId }).waitFor({ state: "detached" });
    // Their page is left alone.
    await other.page.getByText(t("common.signIn.again")).waitFor();

    await page.getByRole("link", { name: t("administration.parts.audit") }).click();
    await page
      .getByRole("row", { name: t("audit.account.endSession", { who: "Li Na", ok: "ok" }) })
      .first()
      .waitFor();
    expect(
      await page.getByRole("row", { name: t("audit.account.list", { who: "Li Na", ok: "ok" }) }).count(),
    ).toBe(0);
    const created = page
      .getByRole("row", { name: t("audit.account.create", { who: "Li Na", ok: "ok", person: name }) })
      .first();
    await check();
    await picture(`audit-${locale}`);
    await created.click();
    await page
      .getByRole("region", { name: t("audit.account.create", { who: "Li Na", ok: "ok", person: name }) })
      .getByText(`${name} (${userId})`)
      .waitFor();
    await check();
    await picture(`audit-open-${locale}`);
    await page.keyboard.press("Escape");
    await page.getByLabel(t("administration.audit.filters.reads")).click();
    await page
      .getByRole("row", { name: t("audit.account.list", { who: "Li Na", ok: "ok" }) })
      .first()
      .waitFor();
    await page.getByLabel(t("administration.audit.filters.reads")).click();
    await page
      .getByRole("row", { name: t("audit.account.list", { who: "Li Na", ok: "ok" }) })
      .first()
      .waitFor({ state: "detached" });
    await page
      .getByRole("combobox", { name: t("administration.audit.filters.procedure"), exact: true })
      .fill(making.slice(0, 9));
    await check();
    await picture(`audit-kinds-${locale}`);
    await page.getByRole("option", { name: making }).click();
    await page.waitForURL(/procedure=account\.create/);
    await page
      .getByRole("row", { name: t("audit.account.endSession", { who: "Li Na", ok: "ok" }) })
      .first()
      .waitFor({ state: "detached" });
    await page
      .getByRole("row", { name: t("audit.account.create", { who: "Li Na", ok: "ok", person: name }) })
      .first()
      .waitFor();
    await page
      .getByRole("combobox", { name: t("administration.audit.filters.actor"), exact: true })
      .fill("Sun");
    await page.getByRole("option", { name: "Sun Wei (i1)" }).click();
    await page.waitForURL(/actor=i1/);
    await page.getByRole("row").nth(1).waitFor({ state: "detached" });
    await check();
  });

  it("disables an account with an undo, and sets a password after its name was typed", async () => {
    await using other = await fixture.openConsole({ locale });
    await using admin = await fixture.openConsole({ role: "admin", locale, path: `admin?q=${userId}` });
    const { page, check, picture } = admin;
    await page.getByRole("button", { name: t("administration.accounts.menu", { name }) }).click();
    await page.getByRole("menuitem", { name: t("administration.accounts.disable"), exact: true }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("administration.accounts.disableAction") })
      .click();
    await page
      .getByRole("row", { name: userId })
      .getByText(t("administration.accounts.isDisabled"))
      .waitFor();
    // The undo stays under the pointer.
    await page.getByRole("button", { name: t("common.undo.action") }).hover();
    await signIn(other, locale, userId, PASSWORD);
    await other.page.getByText(t("common.signIn.refused")).waitFor();
    await page.getByRole("button", { name: t("common.undo.action") }).click();
    await page.getByRole("row", { name: userId }).getByText(t("administration.accounts.isEnabled")).waitFor();

    await page.getByRole("button", { name: t("administration.accounts.menu", { name }) }).click();
    await page.getByRole("menuitem", { name: t("administration.accounts.setPassword") }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(t("administration.accounts.password"), { exact: true }).fill("another password");
    const set = dialog.getByRole("button", { name: t("administration.accounts.passwordAction") });
    expect(await set.isDisabled()).toBe(true);
    await check();
    await picture(`account-password-${locale}`);
    await dialog.getByLabel(t("common.confirm.typeName", { name })).fill(name);
    await set.click();
    await dialog.waitFor({ state: "detached" });
    await signIn(other, locale, userId, "another password");
    await other.page.getByRole("navigation").waitFor();
  });

  it("uploads, plays, renames and deletes a clip", async () => {
    await using admin = await fixture.openConsole({ role: "admin", locale, path: "admin/audio" });
    const { page, check, picture } = admin;
    await page
      .getByRole("button", { name: t("administration.audio.upload") })
      .first()
      .click();
    const dialog = page.getByRole("dialog");
    const name = dialog.getByLabel(t("administration.audio.name"), { exact: true });
    const none = { name: "renamed.mp3", mimeType: "audio/mpeg", buffer: Buffer.from("pens down") };
    await dialog.getByLabel(t("administration.audio.file")).setInputFiles(none);
    await expect.poll(() => name.inputValue()).toBe("renamed");
    await dialog.getByRole("button", { name: t("administration.audio.uploadAction"), exact: true }).click();
    await dialog
      .getByRole("alert")
      .getByText(t("administration.audio.noAudio", { name: "renamed.mp3" }))
      .waitFor();
    await picture(`audio-refused-${locale}`);
    const clip = { name: "end-of-exam.wav", mimeType: "audio/wav", buffer: longClip() };
    await dialog.getByLabel(t("administration.audio.file")).setInputFiles(clip);
    await dialog.getByRole("alert").waitFor({ state: "detached" });
    await expect.poll(() => name.inputValue()).toBe("end-of-exam");
    await check();
    await dialog.getByRole("button", { name: t("administration.audio.uploadAction"), exact: true }).click();
    await page.getByRole("row", { name: "end-of-exam" }).waitFor();
    await page.getByRole("button", { name: t("common.play.start", { name: "end-of-exam" }) }).click();
    await page.getByRole("button", { name: t("common.play.stop", { name: "end-of-exam" }) }).click();
    await page.getByRole("button", { name: t("administration.audio.menu", { name: "end-of-exam" }) }).click();
    await page.getByRole("menuitem", { name: t("administration.audio.change") }).click();
    await name.fill("考试结束 End");
    await check();
    await dialog.getByRole("button", { name: t("administration.audio.save") }).click();
    await page.getByRole("row", { name: "考试结束 End" }).waitFor();
    await check();
    await picture(`audio-${locale}`);
    await page
      .getByRole("button", { name: t("administration.audio.menu", { name: "考试结束 End" }) })
      .click();
    await page.getByRole("menuitem", { name: t("administration.audio.delete"), exact: true }).click();
    await dialog.getByLabel(t("common.confirm.typeName", { name: "考试结束 End" })).fill("考试结束 End");
    await dialog.getByRole("button", { name: t("administration.audio.deleteAction") }).click();
    await page.getByRole("row", { name: "考试结束 End" }).waitFor({ state: "detached" });
    await check();
  });

  it("is closed to invigilators, whose attempts the audit has", async () => {
    await using open = await fixture.openConsole({ role: "teacher", locale, path: "admin/audit" });
    await open.page.getByRole("heading", { name: t("administration.closed.title") }).waitFor();
    await open.check();
    await fixture.teacher.audit.list({}).catch(() => undefined);
    // Refusals are written a moment later, and the page reads the audit once.
    const outcomes = async () => (await fixture.admin.audit.list({})).entries.map(({ outcome }) => outcome);
    await expect.poll(outcomes).toContain("FORBIDDEN");
    await using admin = await fixture.openConsole({
      role: "admin",
      locale,
      path: "admin/audit?outcome=refused&actor=t1",
    });
    await admin.page
      .getByText(t("administration.audit.outcomes.refusedWith", { code: "FORBIDDEN" }))
      .first()
      .waitFor();
    await admin.check();
  });

  it("warns when little is left, and says what to do", async () => {
    space.free = 1024 ** 3;
    await using admin = await fixture.openConsole({ role: "admin", locale, path: "admin/installation" });
    await admin.page
      .getByText(patternOf(t("administration.installation.warning.diskLow.title", { used: UNKNOWN })))
      .waitFor();
    await admin.page.getByText(t("administration.installation.isThis")).waitFor();
    await admin.check();
    await admin.picture(`installation-warns-${locale}`);
    space.free = Number.POSITIVE_INFINITY;
  });
});

/** Runs in the page. */
const durationOf = (clip: object): unknown => ("duration" in clip ? clip.duration : undefined);

it("plays a clip that another host has", async () => {
  const url = "https://clips.school.example/bell.wav";
  await fixture.admin.audio.create({ name: "Bell", url });
  await using admin = await fixture.openConsole({ role: "admin", path: "admin/audio" });
  const { page, check } = admin;
  await page.route(url, (route) => route.fulfill({ path: CLIP, contentType: "audio/wav" }));
  await page.getByRole("button", { name: textsOf("en")("common.play.start", { name: "Bell" }) }).click();
  // Browsers know how long a clip is once they have received its beginning.
  const seconds = () => page.locator(`audio[src="${url}"]`).evaluate(durationOf);
  await expect.poll(seconds).toBeGreaterThan(0);
  await check();
});

it.each(STORY_LANGUAGES)(
  "shows calls to a message service that were given up, and tries them again, in %s",
  async (locale) => {
    const t = textsOf(locale);
    let shift = 0;
    const now = () => new Date(Date.now() + shift);
    await using vendor = await openRongCloud({ clock: now });
    const { appKey, appSecret, urls } = vendor;
    await using at = await openAppFixture({
      now,
      config: { rongCloud: { appKey, appSecret, urls: [...urls] } },
    });
    const room = await at.teacher.room.create({ name: "Room 1", imServer: ["rong_cloud"] });
    vendor.fault("main", "500");
    vendor.fault("spare", "500");
    await at.teacher.room.end({ roomId: room.id });
    // The news of the end expires after 30 seconds.
    shift = 120_000;
    await expect.poll(async () => (await at.admin.outbox.list({})).letters.length).toBe(1);
    const [scheme, width] = locale === "en" ? (["light", 1280] as const) : (["dark", 360] as const);
    await using open = await at.openConsole({ role: "admin", locale, scheme, width, path: "admin/outbox" });
    const { page, check, picture } = open;
    await page
      .getByRole("row", { name: t("administration.outbox.kinds.send") })
      .getByRole("checkbox")
      .click();
    await check();
    await picture(`outbox-${locale}`);
    await page.getByRole("button", { name: t("administration.outbox.retry", { count: 1 }) }).click();
    await page.getByText(t("administration.outbox.retried", { count: 1 })).waitFor();
    await page.getByText(t("administration.outbox.emptyTitle")).waitFor();
    await check();
    expect((await at.admin.audit.list({ procedure: "outbox.retry" })).entries).toMatchObject([
      { actorId: "boss", examId: room.examId },
    ]);
  },
);

it.each(["en", "zh-CN"] as const)(
  "the administration breaks no rule of accessibility, in light and dark and on a phone, in %s",
  async (locale) => {
    await using open = await fixture.openConsole({ role: "admin", locale, path: "admin" });
    const { page, checkLooks } = open;
    const t = textsOf(locale);
    for (const part of ["accounts", "sessions", "audio", "audit", "outbox", "installation"] as const) {
      await page.getByRole("link", { name: t(`administration.parts.${part}`), exact: true }).click();
      await checkLooks(async () => {
        await page.getByRole("heading", { name: t(`administration.parts.${part}`), level: 1 }).waitFor();
        await expect.poll(() => page.locator("main").getByRole("status").count()).toBe(0);
      }, `admin-${part}-${locale}`);
    }
  },
);
