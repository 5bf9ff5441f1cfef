import type { ParticipantRole } from "@invigil/schema";

export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The texts on cards and sheets besides names and times. */
export interface CardTexts {
  /** The language as HTML names it. */
  readonly lang: string;
  readonly roles: Readonly<Record<ParticipantRole, string>>;
  readonly devices: Readonly<Record<"main" | "pc", string>>;
  readonly extraMinutes: (minutes: number) => string;
  /** How to use a code. `address` is where it is typed. */
  readonly howTo: Readonly<Record<"examinee" | "staff", (address: string) => string>>;
  readonly pcPage: string;
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
    devices: { main: "Phone", pc: "Computer" },
    extraMinutes: (minutes) => `with ${minutes} extra minutes`,
    howTo: {
      examinee: (address) => `On each device: scan its code, or type it at ${address}`,
      staff: (address) => `Scan your code, or type it at ${address}`,
    },
    pcPage: "PC page",
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
    devices: { main: "手机", pc: "电脑" },
    extraMinutes: (minutes) => `含加时 ${minutes} 分钟`,
    howTo: {
      examinee: (address) => `每台设备扫描各自的二维码，或在 ${address} 输入考试码`,
      staff: (address) => `扫描二维码，或在 ${address} 输入考试码`,
    },
    pcPage: "电脑页面",
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
