import type { Texts, Translated } from "../texts.js";

export default {
  title: "考生",
  header: {
    room: "考场",
    left: "剩余 {time}",
    over: "该考生的考试时间已到",
    notYet: "<time></time> 开始",
    confirmed: "<time></time> 已确认身份",
    extra: "含加时 {minutes, number} 分钟",
    given: "含补时 {minutes, number} 分钟",
    taken: "已扣时 {minutes, number} 分钟",
    givenBack: "已补回 {time}",
    finished: "<time></time> 已交卷",
    terminated: "<time></time> 由监考结束",
  },
  sound: { on: "收听{camera}", off: "停止收听{camera}" },
  details: {
    title: "设备",
    page: "{camera}：自 <time></time> 起在线，{devices, number} 台设备",
    leftPage: "{camera}：自 <time></time> 起掉线",
    none: "尚无页面连接。",
    gone: "没有页面在线。",
    records: "{count, plural, =0 {没有检测记录} other {# 条检测记录}}",
  },
  message: "发给{name}",
  readOnly: "巡考只能查看，不能发送消息或更改，但可以核验身份、写备注。",
  moved: "{name}已调换到{room}，本页已跟随。",
  unseated: {
    title: "{name}还没有考场",
    text: "请在考试准备中为未分考场的考生编排考场。",
  },
  removed: {
    title: "{id}不在本场考试的任何考场",
    text: "该考生已被移出，或不在你可查看的考场中。",
    action: "前往考生列表",
    toRoom: "前往考场",
  },
  ended: "{name}所在的考场已结束。",
} satisfies Translated<Texts["candidate"]>;
