import type { ParticipantRole } from "@invigil/schema";

export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The texts on cards and sheets besides names and times. */
export interface CardTexts {
  /** The language as HTML names it. */
  readonly lang: string;
  readonly roles: Readonly<Record<ParticipantRole, string>>;
  /** The devices of a person: in the vendor's apps, whose streams have its domains, and elsewhere. */
  readonly devices: Readonly<Record<"apps" | "cameras", Readonly<Record<"main" | "pc", string>>>>;
  readonly extraMinutes: (minutes: number) => string;
  /** How to use a code. `address` is where it is typed. */
  readonly howTo: Readonly<Record<"devices" | "one", (address: string) => string>>;
  readonly pcPage: Readonly<Record<"apps" | "cameras", string>>;
  readonly watchingPage: string;
  readonly secret: string;
  readonly staffNote: string;
  readonly sheet: (number: number, of: number) => string;
  readonly staffSheet: (number: number, of: number) => string;
  readonly columns: Readonly<Record<"role" | "name" | "room" | "id" | "link" | "scan" | "type", string>>;
}

export const TEXTS: Readonly<Record<Language, CardTexts>> = {
  en: {
    lang: "en",
    roles: { teacher: "teacher", inspector: "inspector", examinee: "examinee" },
    devices: {
      apps: { main: "Phone", pc: "Computer" },
      cameras: { main: "First camera", pc: "Second camera" },
    },
    extraMinutes: (minutes) => `with ${minutes} extra minutes`,
    howTo: {
      devices: (address) => `On each device: scan its code, or type it at ${address}`,
      one: (address) => `Scan your code, or type it at ${address}`,
    },
    pcPage: { apps: "PC page", cameras: "Page of the second camera" },
    watchingPage: "Watching page",
    secret: "Secret: anyone with this card can act as you.",
    staffNote: "Keep this sheet from the examinees: anyone with a code or a link can act as that person.",
    sheet: (number, of) => `sheet ${number} of ${of}`,
    staffSheet: (number, of) => `staff, sheet ${number} of ${of}`,
    columns: {
      role: "Role",
      name: "Name",
      room: "Room",
      id: "Id",
      link: "Link",
      scan: "QR code",
      type: "Code to type",
    },
  },
  zh: {
    lang: "zh-CN",
    roles: { teacher: "监考老师", inspector: "巡考", examinee: "考生" },
    devices: {
      apps: { main: "手机", pc: "电脑" },
      cameras: { main: "第一机位", pc: "第二机位" },
    },
    extraMinutes: (minutes) => `含加时 ${minutes} 分钟`,
    howTo: {
      devices: (address) => `每台设备扫描各自的二维码，或在 ${address} 输入考试码`,
      one: (address) => `扫描二维码，或在 ${address} 输入考试码`,
    },
    pcPage: { apps: "电脑页面", cameras: "第二机位页面" },
    watchingPage: "监考页面",
    secret: "请勿外泄：持有此卡者可冒用您的身份。",
    staffNote: "请勿让考生看到此页：持有考试码或链接者可冒用其身份。",
    sheet: (number, of) => `第 ${number} 页，共 ${of} 页`,
    staffSheet: (number, of) => `监考人员，第 ${number} 页，共 ${of} 页`,
    columns: {
      role: "角色",
      name: "姓名",
      room: "考场",
      id: "编号",
      link: "链接",
      scan: "二维码",
      type: "考试码",
    },
  },
};
