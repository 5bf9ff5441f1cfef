import type { Texts, Translated } from "../texts.js";

export default {
  title: "考场",
  tiles: { label: "每页画面数", many: "{count, number}" },
  pages: {
    label: "画面分页",
    shown: "{from, number}–{to, number} / {total, number}",
    before: "上一页",
    after: "下一页",
  },
  panes: { label: "显示", pictures: "画面", feed: "动态" },
  counts: {
    here: "在线 {count, number}",
    look: "需关注 {count, number}",
    disconnected: "掉线 {count, number}",
    dark: "画面中断 {count, number}",
    paused: "暂停 {count, number}",
    ended: "已结束 {count, number}",
    teacherMissing: "没有监考在线",
  },
  absent: "<all>未到 {count, number} 人</all>：<names></names>",
  wall: { label: "{room}的考生", changed: "{count, number} 处变化，点击显示" },
  tile: {
    choose: "选择{name}",
    detections: "{type} · {minutes, number}\u00a0分\u2060钟\u00a0{count, number}\u00a0次",
    asks: "提问：{text}",
    extra: "加时 {minutes, number} 分钟",
    less: "扣时 {minutes, number} 分钟",
    until: "<time></time> 结束",
  },
  actions: {
    mute: "静音",
    voice: "喊话",
    handOn: "更换负责监考",
    end: "结束考场",
    reopen: "重新开启",
  },
  composer: {
    all: "发给全部 {count, number} 人",
    chosen: "发给{names}",
    chosenMore: "发给{name}等 {count, number} 人",
    clear: "改为发给所有人",
  },
  empty: {
    title: "考场还没有安排人员",
    manager: "请在考试准备中添加人员，或编排考场。",
    others: "考务会在考前添加人员。",
    absentTitle: "还没有考生入场",
    absent: "考生打开链接后，画面会显示在这里。",
  },
  ended: {
    text: "考场已于 <time></time> 结束，画面已停止，不能再发送消息。",
    spoken: "考场已结束，画面已停止，不能再发送消息。",
    reopened: "{room}已重新开启。",
  },
  readOnly: "巡考只能查看，不能发送消息或更改，但可以核验身份、写备注。",
  shortcuts: { next: "下一页画面", before: "上一页画面", write: "写消息" },
} satisfies Translated<Texts["room"]>;
