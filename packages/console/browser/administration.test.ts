import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRongCloud } from "../../server/test/simulators/rongcloud.js";
import { type AppFixture, type ConsolePage, openAppFixture, PASSWORD } from "./support/console.js";
import { STORY_LANGUAGES } from "./support/languages.js";

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

const WORDS = {
  en: {
    user: "User name",
    password: "Password",
    newPassword: "New password",
    submit: "Sign in",
    accounts: "Accounts",
    create: "New account",
    createAction: "Create the account",
    name: "Name",
    sessions: "Signed in",
    audit: "Audit",
    audio: "Audio library",
    installation: "Servers and limits",
    signOut: (name: string) => `Sign out ${name}`,
    endAction: "End the session",
    ended: "Your session has ended",
    live: /^Live, updated/,
    closed: "Only administrators can open this",
    mine: "Where I am signed in",
    own: "this page",
    menu: (name: string) => `Actions for ${name}`,
    disable: "Disable",
    disableAction: "Disable the account",
    undo: "Undo",
    refused: "The user name or the password is wrong",
    isDisabled: "Disabled",
    isEnabled: "May sign in",
    upload: "Upload a clip",
    noAudio: "renamed.mp3 is not an audio file",
    file: "File",
    uploadAction: "Upload",
    play: (name: string) => `Play ${name}`,
    stop: (name: string) => `Stop ${name}`,
    change: "Rename or change",
    save: "Save",
    remove: "Delete",
    removeAction: "Delete the clip",
    confirm: (name: string) => `To confirm, type: ${name}`,
    exams: "To the exams",
    disk: "Little space is left on the disk",
    answers: "answers this page",
    setPassword: "Set a new password",
    passwordAction: "Set the password",
    close: "Close",
    refusedWith: "Refused: FORBIDDEN",
    by: "By",
    created: (name: string) => `Li Na created the account of ${name}`,
    endedSession: "Li Na ended a session",
    kind: "What",
    kindOf: "Created the account of a person",
    reads: "Show reads, too",
    read: "Li Na read the accounts",
    outbox: "Message services",
    send: "Send a message to a room",
    retry: "Try 1 again",
    retried: "The call is tried again",
    nothing: "Nothing was given up",
  },
  "zh-CN": {
    user: "用户名",
    password: "密码",
    newPassword: "新密码",
    submit: "登录",
    accounts: "账号",
    create: "新建账号",
    createAction: "新建账号",
    name: "姓名",
    sessions: "登录情况",
    audit: "操作日志",
    audio: "语音播报库",
    installation: "服务器与限额",
    signOut: (name: string) => `让${name}退出登录`,
    endAction: "结束登录",
    ended: "登录已过期",
    live: /^实时，/,
    closed: "仅管理员可以打开",
    mine: "我的登录",
    own: "本页",
    menu: (name: string) => `${name}的操作`,
    disable: "停用",
    disableAction: "停用账号",
    undo: "撤销",
    refused: "用户名或密码不正确",
    isDisabled: "已停用",
    isEnabled: "可登录",
    upload: "上传语音播报",
    noAudio: "renamed.mp3 不是浏览器可以播放的音频文件",
    file: "文件",
    uploadAction: "上传",
    play: (name: string) => `播放${name}`,
    stop: (name: string) => `停止播放${name}`,
    change: "重命名或修改",
    save: "保存",
    remove: "删除",
    removeAction: "删除语音播报",
    confirm: (name: string) => `请输入以下名称确认：${name}`,
    exams: "前往考试列表",
    disk: "磁盘空间不足",
    answers: "当前页面使用",
    setPassword: "设置新密码",
    passwordAction: "设置密码",
    close: "关闭",
    refusedWith: "被拒绝：FORBIDDEN",
    by: "操作人",
    created: (name: string) => `Li Na新建账号：${name}`,
    endedSession: "Li Na结束登录",
    kind: "操作类型",
    kindOf: "新建账号：人员",
    reads: "同时显示读取",
    read: "Li Na读取账号",
    outbox: "消息服务",
    send: "向考场发送消息",
    retry: "重试 1 项",
    retried: "正在重试 1 项调用",
    nothing: "没有被放弃的调用",
  },
} as const;
type Locale = keyof typeof WORDS;

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
  const words = WORDS[locale];
  await page.getByLabel(words.user).fill(userId);
  await page.getByLabel(words.password, { exact: true }).fill(password);
  await page.getByRole("button", { name: words.submit }).click();
};

describe.each(STORY_LANGUAGES)("the administration, in %s", (locale) => {
  const words = WORDS[locale];
  const userId = locale === "en" ? "chen.jing" : "liu_yang";
  const name = locale === "en" ? LONG : "刘洋";

  it("makes an account, which signs in elsewhere and is out at once when its session is ended; the audit says who did it", async () => {
    await using admin = await fixture.openConsole({ role: "admin", locale, path: "admin" });
    const { page, check, picture } = admin;
    await page.getByRole("heading", { name: words.accounts }).waitFor();
    await page.getByRole("row").nth(1).waitFor();
    await check();
    await page.getByRole("button", { name: words.create }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(words.name, { exact: true }).fill(name);
    await dialog.getByLabel(words.user).fill(userId);
    await dialog.getByLabel(words.newPassword, { exact: true }).fill("short");
    expect(await dialog.getByRole("button", { name: words.createAction }).isDisabled()).toBe(true);
    await check();
    await picture(`account-create-${locale}`);
    await dialog.getByLabel(words.newPassword, { exact: true }).fill(PASSWORD);
    await dialog.getByRole("button", { name: words.createAction }).click();
    await page.getByRole("row", { name: userId }).waitFor();
    await check();

    await using other = await fixture.openConsole({ locale, path: "admin/accounts" });
    await signIn(other, locale, userId, PASSWORD);
    await other.page.getByRole("heading", { name: words.closed }).waitFor();
    await other.check();
    await other.picture(`closed-${locale}`);
    await other.page.getByRole("link", { name: words.mine }).click();
    await other.page.getByText(words.own).waitFor();
    expect(await other.page.getByRole("row").count()).toBe(2);
    await other.check();
    await other.picture(`own-sessions-${locale}`);

    // They watch a room.
    await fixture.teacher.participant.add({ roomId, participants: [{ userId, name, role: "teacher" }] });
    await other.page.goto(`${fixture.url}/console/exams/${examId}/records`);
    await other.page.getByText(words.live).waitFor();

    await page.getByRole("link", { name: words.sessions }).click();
    await page.getByRole("button", { name: words.signOut(name) }).click();
    await page.getByRole("dialog").getByRole("button", { name: words.endAction }).waitFor();
    await check();
    await page.getByRole("dialog").getByRole("button", { name: words.endAction }).click();
    await page.getByRole("row", { name: userId }).waitFor({ state: "detached" });
    // Their page is left alone.
    await other.page.getByText(words.ended).waitFor();

    await page.getByRole("link", { name: words.audit }).click();
    await page.getByRole("row", { name: words.endedSession }).first().waitFor();
    expect(await page.getByRole("row", { name: words.read }).count()).toBe(0);
    const created = page.getByRole("row", { name: words.created(name) }).first();
    await check();
    await picture(`audit-${locale}`);
    await created.click();
    await page
      .getByRole("region", { name: words.created(name) })
      .getByText(`${name} (${userId})`)
      .waitFor();
    await check();
    await picture(`audit-open-${locale}`);
    await page.keyboard.press("Escape");
    await page.getByLabel(words.reads).click();
    await page.getByRole("row", { name: words.read }).first().waitFor();
    await page.getByLabel(words.reads).click();
    await page.getByRole("row", { name: words.read }).first().waitFor({ state: "detached" });
    await page.getByRole("combobox", { name: words.kind, exact: true }).fill(words.kindOf.slice(0, 9));
    await check();
    await picture(`audit-kinds-${locale}`);
    await page.getByRole("option", { name: words.kindOf, exact: true }).click();
    await page.waitForURL(/procedure=account\.create/);
    await page.getByRole("row", { name: words.endedSession }).first().waitFor({ state: "detached" });
    await page
      .getByRole("row", { name: words.created(name) })
      .first()
      .waitFor();
    await page.getByRole("combobox", { name: words.by, exact: true }).fill("Sun");
    await page.getByRole("option", { name: "Sun Wei (i1)" }).click();
    await page.waitForURL(/actor=i1/);
    await page.getByRole("row").nth(1).waitFor({ state: "detached" });
    await check();
  });

  it("disables an account with an undo, and sets a password after its name was typed", async () => {
    await using other = await fixture.openConsole({ locale });
    await using admin = await fixture.openConsole({ role: "admin", locale, path: `admin?q=${userId}` });
    const { page, check, picture } = admin;
    await page.getByRole("button", { name: words.menu(name) }).click();
    await page.getByRole("menuitem", { name: words.disable, exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: words.disableAction }).click();
    await page.getByRole("row", { name: userId }).getByText(words.isDisabled).waitFor();
    // The undo stays under the pointer.
    await page.getByRole("button", { name: words.undo }).hover();
    await signIn(other, locale, userId, PASSWORD);
    await other.page.getByText(words.refused).waitFor();
    await page.getByRole("button", { name: words.undo }).click();
    await page.getByRole("row", { name: userId }).getByText(words.isEnabled).waitFor();

    await page.getByRole("button", { name: words.menu(name) }).click();
    await page.getByRole("menuitem", { name: words.setPassword }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(words.newPassword, { exact: true }).fill("another password");
    const set = dialog.getByRole("button", { name: words.passwordAction });
    expect(await set.isDisabled()).toBe(true);
    await check();
    await picture(`account-password-${locale}`);
    await dialog.getByLabel(words.confirm(name)).fill(name);
    await set.click();
    await dialog.waitFor({ state: "detached" });
    await signIn(other, locale, userId, "another password");
    await other.page.getByRole("navigation").waitFor();
  });

  it("uploads, plays, renames and deletes a clip", async () => {
    await using admin = await fixture.openConsole({ role: "admin", locale, path: "admin/audio" });
    const { page, check, picture } = admin;
    await page.getByRole("button", { name: words.upload }).first().click();
    const dialog = page.getByRole("dialog");
    const name = dialog.getByLabel(locale === "en" ? "Name" : "名称", { exact: true });
    const none = { name: "renamed.mp3", mimeType: "audio/mpeg", buffer: Buffer.from("pens down") };
    await dialog.getByLabel(words.file).setInputFiles(none);
    await expect.poll(() => name.inputValue()).toBe("renamed");
    await dialog.getByRole("button", { name: words.uploadAction, exact: true }).click();
    await dialog.getByRole("alert").getByText(words.noAudio).waitFor();
    await picture(`audio-refused-${locale}`);
    const clip = { name: "end-of-exam.wav", mimeType: "audio/wav", buffer: longClip() };
    await dialog.getByLabel(words.file).setInputFiles(clip);
    await dialog.getByRole("alert").waitFor({ state: "detached" });
    await expect.poll(() => name.inputValue()).toBe("end-of-exam");
    await check();
    await dialog.getByRole("button", { name: words.uploadAction, exact: true }).click();
    await page.getByRole("row", { name: "end-of-exam" }).waitFor();
    await page.getByRole("button", { name: words.play("end-of-exam") }).click();
    await page.getByRole("button", { name: words.stop("end-of-exam") }).click();
    await page.getByRole("button", { name: words.menu("end-of-exam") }).click();
    await page.getByRole("menuitem", { name: words.change }).click();
    await name.fill("考试结束 End");
    await check();
    await dialog.getByRole("button", { name: words.save }).click();
    await page.getByRole("row", { name: "考试结束 End" }).waitFor();
    await check();
    await picture(`audio-${locale}`);
    await page.getByRole("button", { name: words.menu("考试结束 End") }).click();
    await page.getByRole("menuitem", { name: words.remove, exact: true }).click();
    await dialog.getByLabel(words.confirm("考试结束 End")).fill("考试结束 End");
    await dialog.getByRole("button", { name: words.removeAction }).click();
    await page.getByRole("row", { name: "考试结束 End" }).waitFor({ state: "detached" });
    await check();
  });

  it("is closed to invigilators, whose attempts the audit has", async () => {
    await using open = await fixture.openConsole({ role: "teacher", locale, path: "admin/audit" });
    await open.page.getByRole("heading", { name: words.closed }).waitFor();
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
    await admin.page.getByText(words.refusedWith).first().waitFor();
    await admin.check();
  });

  it("warns when little is left, and says what to do", async () => {
    space.free = 1024 ** 3;
    await using admin = await fixture.openConsole({ role: "admin", locale, path: "admin/installation" });
    await admin.page.getByText(words.disk).waitFor();
    await admin.page.getByText(words.answers).waitFor();
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
  await page.getByRole("button", { name: WORDS.en.play("Bell") }).click();
  // Browsers know how long a clip is once they have received its beginning.
  const seconds = () => page.locator(`audio[src="${url}"]`).evaluate(durationOf);
  await expect.poll(seconds).toBeGreaterThan(0);
  await check();
});

it.each(STORY_LANGUAGES)(
  "shows calls to a message service that were given up, and tries them again, in %s",
  async (locale) => {
    const words = WORDS[locale];
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
    await page.getByRole("row", { name: words.send }).getByRole("checkbox").click();
    await check();
    await picture(`outbox-${locale}`);
    await page.getByRole("button", { name: words.retry }).click();
    await page.getByText(words.retried).waitFor();
    await page.getByText(words.nothing).waitFor();
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
    for (const part of ["accounts", "sessions", "audio", "audit", "outbox", "installation"] as const) {
      await page.getByRole("link", { name: WORDS[locale][part], exact: true }).click();
      await checkLooks(async () => {
        await page.getByRole("heading", { name: WORDS[locale][part], level: 1 }).waitFor();
        await expect.poll(() => page.locator("main").getByRole("status").count()).toBe(0);
      }, `admin-${part}-${locale}`);
    }
  },
);
