import type { Texts, Translated } from "../texts.js";

export default {
  title: "考生详情",
} satisfies Translated<Texts["candidate"]>;
