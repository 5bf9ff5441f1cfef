// The people of the demo's exam, and where they sit.

const HALLS = [
  {
    name: "A 考场 · 明德楼 101",
    teacher: { userId: "t-chen-shuhua", name: "陈淑华" },
    candidates:
      "王芳,李伟,Emma Clarke,张敏,刘洋,陈静,Liam O'Connor,杨帆,赵磊,黄丽娟,周杰,Sophia Müller,吴昊,徐婷婷,孙强,马超,Noah Williams,朱莉,胡建国,林晓峰",
  },
  {
    name: "B 考场 · 明德楼 203",
    teacher: { userId: "t-margaret-hale", name: "Margaret Hale" },
    candidates:
      "郭倩,何雨桐,Olivia Brown,高翔,罗丹,梁思琪,Ethan Wright,宋子轩,郑浩然,谢雅琴,韩梅,Amelia Nguyen,唐宇航,冯雪,于洋,董文博,Lucas García,萧然,程可欣,欧阳思远",
  },
  {
    name: "居家考场 · At home",
    teacher: { userId: "t-liu-jianjun", name: "刘建军" },
    candidates:
      "袁野,Mia Thompson,邓紫涵,许文静,傅天宇,Benjamin Lee,沈嘉怡,曾鹏,Charlotte Dubois,彭晓彤,吕梓萱,James Okafor,苏木,卢俊杰,Hannah Schmidt,蒋欣怡,蔡明轩,贾宝峰,Priya Raman,丁一",
  },
] as const;

export const EXAM_NAME = "高等数学期末考试 · Calculus final";

const EXTRA_MINUTES: ReadonlyMap<string, number> = new Map([
  ["Hannah Schmidt", 30],
  ["谢雅琴", 20],
]);

export interface Person {
  readonly userId: string;
  readonly name: string;
}
export interface Candidate extends Person {
  /** The index of their hall. */
  readonly hall: number;
  /** How long they may continue after the exam. */
  readonly extraMinutes: number;
  /** Whether a PC watches them besides the phone. */
  readonly hasPc: boolean;
}

/** A person who sits the demo's exam in a browser. The next one comes when the attempt of the one before is over. */
export const visitor = (number: number): Person => ({
  userId: `20264${String(number).padStart(3, "0")}`,
  name: "你 · You",
});

/** Creates and owns the exam and its rooms. This person has no other exams. */
export const EXAM_OFFICE: Person = { userId: "demo.exam-office", name: "考务处 Exam office" };
export const INSPECTOR: Person = { userId: "i-zhou-min", name: "周敏" };

/** The candidates, hall by hall in the order of their seats. */
export const CANDIDATES: readonly Candidate[] = HALLS.flatMap(({ candidates }, hall) =>
  candidates.split(",").map((name, seat) => ({
    // A student number: the year, the hall and the seat.
    userId: `2026${hall + 1}${String(seat + 1).padStart(3, "0")}`,
    name,
    hall,
    extraMinutes: EXTRA_MINUTES.get(name) ?? 0,
    // Candidates at home all have a second camera, because no teacher is in their room.
    hasPc: hall === 2 || seat % 3 === 0,
  })),
);

export const HALLS_OF_EXAM = HALLS.map(({ name, teacher }, hall) => ({
  name,
  teacher,
  candidates: CANDIDATES.filter((candidate) => candidate.hall === hall),
}));

/** Whether a name is written in Chinese. People write messages in the language of their name. */
export const isChinese = (name: string): boolean => /\p{Script=Han}/u.test(name);
