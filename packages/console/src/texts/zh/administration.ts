import type { Texts, Translated } from "../texts.js";

export default {
  title: "系统管理",
} satisfies Translated<Texts["administration"]>;
