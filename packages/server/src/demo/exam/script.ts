import type {
  AttemptAction,
  Camera,
  Decision,
  HandAction,
  HandKind,
  knownDetectTypes,
} from "@invigil/schema";
import { CANDIDATES, HALLS_OF_EXAM, isChinese } from "./cast.js";
import { between, oneOf, seededRandom } from "./random.js";

type DetectType = (typeof knownDetectTypes)[number];

/** What a person does. A candidate is an index of the cast, and a teacher an index of the halls. */
export type Step =
  /** One more device of the page connects. */
  | { readonly does: "connect"; readonly candidate: number; readonly camera: Camera }
  /** All pages and devices of the person disconnect. */
  | { readonly does: "disconnect"; readonly candidate: number }
  /** One device of the page disconnects. */
  | { readonly does: "disconnectDevice"; readonly candidate: number; readonly camera: Camera }
  | { readonly does: "publish" | "stop"; readonly candidate: number; readonly camera: Camera }
  | { readonly does: "detect"; readonly candidate: number; readonly detectType: DetectType }
  | { readonly does: "write"; readonly candidate: number; readonly text: string }
  | { readonly does: "raiseHand"; readonly candidate: number; readonly kind: HandKind; readonly text: string }
  /** The teacher answers the candidate's hand. */
  | {
      readonly does: "answerHand";
      readonly candidate: number;
      readonly action: HandAction;
      readonly note?: string;
    }
  /** The teacher decides about the candidate's attempt. */
  | {
      readonly does: "decide";
      readonly candidate: number;
      readonly action: Exclude<AttemptAction["kind"], "finish">;
      readonly minutes?: number;
      readonly reason: Decision["reason"];
    }
  /** The teacher writes to a candidate, or to the whole hall. */
  | { readonly does: "tell"; readonly hall: number; readonly candidate?: number; readonly text: string };

/** An action, with its second since the beginning of the round. */
export type Act = Step & { readonly at: number };

export const ROUND_SECONDS = 60 * 60;

/** Candidates who never come. */
const ABSENT = [9, 31, 47, 58];
/** Candidates who come late, and when. */
const LATE = new Map([
  [17, 33],
  [26, 47],
  [52, 190],
]);
/** 刘洋, whose phone the detectors see again and again. */
const FLAGGED = 4;
/** 王芳, whose camera goes dark. */
const DARK = 0;
/** 傅天宇, who opens their link on a second device. */
const TWO_DEVICES = 44;
/** 陈静, who writes first. */
const ASKS = 5;
/** 李伟, who raises their hand first. */
const RAISES = 1;
/** Mia Thompson, who takes a break. */
const TAKES_BREAK = 41;
/** Olivia Brown, who loses the connection and gets minutes for it. */
const GETS_MINUTES = 22;
/** 沈嘉怡, who is paused and resumed. */
const PAUSED = 46;
/** Noah Williams, who is terminated and reopened. */
const TERMINATED = 16;
/** The hall whose network fails first. */
const FAILING_HALL = 1;

const PHONE_SEEN: readonly DetectType[] = ["cellPhone", "cellPhone", "actionHeadUpDown", "watch"];
/** Detections of people who do nothing wrong. */
const HARMLESS: readonly DetectType[] = [
  "headShaking",
  "actionHeadUpDown",
  "actionPersonSpeech",
  "scenePersonExit",
];

/** Questions of candidates, and the teacher's answers. */
type Talk = readonly [question: string, answer: string];
const CHINESE_TALKS: readonly Talk[] = [
  ["老师，第三题的图显示不出来。", "请刷新页面，图会重新加载。"],
  ["电脑提示电量低，可以去拿充电器吗？", "可以，手机画面请保持不动，两分钟内回来。"],
  ["外面有施工的声音，会影响检测吗？", "没关系，已经记录，请继续作答。"],
  ["刚才网络断了一下，现在好了。", "收到，作答已保存，请继续。"],
  ["老师，可以用草稿纸吗？", "可以，请先把空白草稿纸正反面给摄像头看一下。"],
  ["第七题的选项 B 和 C 好像一样。", "题目没有问题，请仔细看符号。"],
  ["手机支架倒了，我已经重新放好。", "好的，画面正常。"],
  ["提交以后还能修改吗？", "考试结束前都可以修改。"],
];
const ENGLISH_TALKS: readonly Talk[] = [
  ["May I use scratch paper?", "Yes, blank paper only. Please show both sides to the camera first."],
  ["My screen froze for a moment. It works again.", "Thank you, your answers are saved. Please go on."],
  ["Is question 7 meant to have two correct answers?", "No. Please choose the best one."],
  ["Somebody is ringing at my door, should I ignore it?", "Yes, please stay in the picture."],
  ["Can I change an answer after I have submitted it?", "Yes, until the end of the exam."],
  ["My phone stand fell over. I have put it back.", "Thank you, the picture is fine."],
];

/** What happens to raised hands and attempts while a newcomer looks around, by second. */
const CONTROL: readonly Act[] = [
  { at: 23, does: "raiseHand", candidate: RAISES, kind: "technical", text: "键盘失灵了，打不了字。" },
  { at: 35, does: "answerHand", candidate: RAISES, action: "take" },
  { at: 95, does: "answerHand", candidate: RAISES, action: "resolve", note: "已更换键盘。" },
  { at: 32, does: "raiseHand", candidate: TAKES_BREAK, kind: "break", text: "May I go to the bathroom?" },
  { at: 44, does: "answerHand", candidate: TAKES_BREAK, action: "grant" },
  {
    at: 150,
    does: "answerHand",
    candidate: TAKES_BREAK,
    action: "resolve",
    note: "Back after two minutes.",
  },
  {
    at: 37,
    does: "decide",
    candidate: PAUSED,
    action: "pause",
    reason: {
      code: "disturbance",
      note: "有家人走进房间。",
      message: "考试已暂停，请让家人离开房间。暂停的时间会补给你。",
    },
  },
  {
    at: 115,
    does: "decide",
    candidate: PAUSED,
    action: "resume",
    reason: { code: "disturbance", note: "房间里只有考生一人。", message: "请继续作答。" },
  },
  {
    at: 47,
    does: "decide",
    candidate: TERMINATED,
    action: "terminate",
    reason: {
      code: "misconduct",
      note: "A second phone on the desk.",
      message: "Your exam has ended. Please stay at your desk until we have talked to you.",
    },
  },
  {
    at: 170,
    does: "decide",
    candidate: TERMINATED,
    action: "reopen",
    reason: {
      code: "mistake",
      note: "It was a calculator, which is allowed.",
      message: "You may go on. Your time has been given back.",
    },
  },
  {
    at: 58,
    does: "decide",
    candidate: GETS_MINUTES,
    action: "extend",
    minutes: 2,
    reason: {
      code: "connection",
      note: "The network of the room failed.",
      message: "You have 2 more minutes because the network failed.",
    },
  },
];

/**
 * Writes the actions of a round, in the order of time. The first minute has everything that the console shows. The rest is like a usual
 * morning. The same seed gives the same script.
 */
export const writeScript = (seed: number): Act[] => {
  const random = seededRandom(seed);
  const acts: Act[] = [];
  const add = (at: number, step: Step): void => void acts.push({ ...step, at });
  /** Until when each person is busy with an action. No other action is chosen for them. */
  const busyUntil = CANDIDATES.map(() => 0);
  for (const absent of ABSENT) busyUntil[absent] = Number.POSITIVE_INFINITY;
  const free = (at: number, hall?: number): number[] =>
    CANDIDATES.flatMap((candidate, index) =>
      (busyUntil[index] ?? 0) < at && (hall === undefined || candidate.hall === hall) ? [index] : [],
    );

  const comes = (candidate: number, at: number): void => {
    add(at, { does: "connect", candidate, camera: "main" });
    add(at + between(random, 1, 3), { does: "publish", candidate, camera: "main" });
    if (!CANDIDATES[candidate]?.hasPc) return;
    add(at + between(random, 0, 3), { does: "connect", candidate, camera: "pc" });
    add(at + between(random, 4, 6), { does: "publish", candidate, camera: "pc" });
  };
  const drops = (candidate: number, at: number, seconds: number): void => {
    busyUntil[candidate] = at + seconds + 15;
    add(at, { does: "disconnect", candidate });
    // The stream service notices a little later than the server.
    add(at + 2, { does: "stop", candidate, camera: "main" });
    if (CANDIDATES[candidate]?.hasPc) add(at + 2, { does: "stop", candidate, camera: "pc" });
    comes(candidate, at + seconds);
  };
  const networkFails = (hall: number, at: number, share: number): void => {
    for (const candidate of free(at, hall))
      if (random() < share) drops(candidate, at + between(random, 0, 3), between(random, 26, 60));
    add(at + between(random, 14, 18), {
      does: "tell",
      hall,
      text: "网络短暂中断，请留在座位上，时间会补上。 A short network outage: please stay seated, the time will be added.",
    });
  };
  const goesDark = (candidate: number, at: number, seconds: number): void => {
    busyUntil[candidate] = at + seconds + 5;
    add(at, { does: "stop", candidate, camera: "main" });
    add(at + seconds, { does: "publish", candidate, camera: "main" });
  };
  const asks = (candidate: number, at: number, how: "write" | "raiseHand" = "write"): void => {
    const { name = "", hall = 0 } = CANDIDATES[candidate] ?? {};
    const [text, answer] = oneOf(random, isChinese(name) ? CHINESE_TALKS : ENGLISH_TALKS);
    const answeredAt = at + between(random, 7, 20);
    add(answeredAt, { does: "tell", hall, candidate, text: answer });
    if (how === "write") {
      add(at, { does: "write", candidate, text });
      return;
    }
    busyUntil[candidate] = answeredAt + 60;
    add(at, { does: "raiseHand", candidate, kind: "help", text });
    add(answeredAt - 3, { does: "answerHand", candidate, action: "take" });
    add(answeredAt + between(random, 30, 60), { does: "answerHand", candidate, action: "resolve" });
  };
  const usesPhone = (at: number): void => {
    for (let second = at; second < at + 12; second += between(random, 2, 5))
      add(second, { does: "detect", candidate: FLAGGED, detectType: oneOf(random, PHONE_SEEN) });
  };

  for (const [candidate] of CANDIDATES.entries()) {
    if (ABSENT.includes(candidate)) continue;
    const at = LATE.get(candidate) ?? (random() < 0.6 ? between(random, 0, 2) : between(random, 3, 20));
    comes(candidate, at);
    busyUntil[candidate] = at + 5;
  }
  for (const candidate of [FLAGGED, TWO_DEVICES]) busyUntil[candidate] = 120;
  for (const candidate of [RAISES, TAKES_BREAK, GETS_MINUTES, PAUSED, TERMINATED]) busyUntil[candidate] = 240;
  for (const second of [24, 26, 34, 43, 52])
    add(second, { does: "detect", candidate: FLAGGED, detectType: second === 34 ? "watch" : "cellPhone" });
  add(57, { does: "tell", hall: 0, candidate: FLAGGED, text: "刘洋，请把手机放回支架上，手不要碰它。" });
  add(25, { does: "connect", candidate: TWO_DEVICES, camera: "main" });
  add(170, { does: "disconnectDevice", candidate: TWO_DEVICES, camera: "main" });
  goesDark(DARK, 27, 230);
  asks(ASKS, 29);
  networkFails(FAILING_HALL, 30, 0.65);
  acts.push(...CONTROL);
  drops(GETS_MINUTES, 28, 24);

  let nextFailure = between(random, 420, 600);
  for (let minute = 60; minute < ROUND_SECONDS - 60; minute += 60) {
    const within = (): number => minute + between(random, 0, 59);
    const someone = (at: number): number => oneOf(random, free(at));
    usesPhone(within());
    for (let times = between(random, 1, 4); times > 0; times -= 1) {
      const at = within();
      add(at, { does: "detect", candidate: someone(at), detectType: oneOf(random, HARMLESS) });
    }
    for (let times = between(random, 0, 2); times > 0; times -= 1) {
      const at = within();
      drops(someone(at), at, between(random, 20, 75));
    }
    if (random() < 0.7) {
      const at = within();
      asks(someone(at), at);
    }
    if (random() < 0.4) {
      const at = within();
      asks(someone(at), at, "raiseHand");
    }
    if (random() < 0.3) {
      const at = within();
      goesDark(someone(at), at, between(random, 45, 150));
    }
    if (minute >= nextFailure) {
      networkFails(between(random, 0, HALLS_OF_EXAM.length - 1), within(), 0.3 + random() * 0.4);
      nextFailure = minute + between(random, 480, 720);
    }
  }
  // The sort keeps the order of actions in the same second.
  return acts.filter(({ at }) => at < ROUND_SECONDS).sort((one, other) => one.at - other.at);
};
