import { afterEach, expect, it, vi } from "vitest";
import { searchFor } from "./name-search.js";

const finds = (search: string, name: string): boolean => searchFor(search)({ userId: "2026-001", name });

it.each([
  ["王芳", "wf", "wangfang"],
  ["李伟", "lw", "liwei"],
  ["张三", "zs", "zhangsan"],
  ["欧阳菲", "oyf", "ouyangfei"],
  ["刘洋", "ly", "liuyang"],
  ["吕布", "lb", "lvbu"],
  ["陈静", "cj", "chenjing"],
  ["任我行", "rwx", "renwoxing"],
  ["诸葛亮", "zgl", "zhugeliang"],
  ["阿依古丽·买买提", "aygl mmt", "ayiguli maimaiti"],
  ["罗春权", "lcq", "luochunquan"],
  ["卓娜", "zn", "zhuona"],
  ["Wang Fang", "wf", "wangfang"],
  ["ＬＩ Wei", "lw", "li wei"],
  ["王 Xiao-ming", "wxm", "wang xiaoming"],
  ["娜塔莎 Иванова", "ntsи", "natasha иванова"],
  ["Tomás Nuñez", "tn", "tomas nunez"],
])("finds %s by %s and %s, and by the letters between", (name, letters, whole) => {
  expect(finds(letters, name)).toBe(true);
  expect(finds(whole, name)).toBe(true);
  expect(finds(whole.toUpperCase().slice(0, -1), name)).toBe(true);
  expect(finds(`${whole}x`, name)).toBe(false);
});

it.each([
  ["ouyang", "欧阳菲", true],
  ["yangf", "欧阳菲", true],
  ["ouy", "欧阳菲", true],
  ["oyang", "欧阳菲", true],
  // A syllable is found from its beginning on.
  ["uyang", "欧阳菲", false],
  ["of", "欧阳菲", false],
  ["lu", "吕布", true],
  ["lü", "吕布", true],
  ["tomas", "Tomás", true],
  ["Tomás", "Tomas", true],
  ["muller", "Müller", true],
  ["mvller", "Müller", false],
  ["が", "か", false],
  ["й", "Май", true],
  // Only its strokes are known.
  ["鿕", "鿕", true],
  ["a", "鿕", false],
  ["%", "王芳", false],
  ["%", "100%", true],
])("a search for %s among names such as %s: %s", (search, name, isFound) => {
  expect(finds(search, name)).toBe(isFound);
});

it("finds people by a part of their name or id, and by first letters", () => {
  const people = [
    { userId: "2026-001", name: "王芳" },
    { userId: "2026-002", name: "王方方" },
    { userId: "wf-3", name: "Li Wei" },
    { userId: "2026-004", name: "李伟" },
  ];
  const find = (text: string) => people.filter(searchFor(text)).map(({ userId }) => userId);
  expect(find("wf")).toEqual(["2026-001", "2026-002", "wf-3"]);
  expect(find("WFF")).toEqual(["2026-002"]);
  expect(find("lw")).toEqual(["wf-3", "2026-004"]);
  expect(find("芳")).toEqual(["2026-001"]);
  expect(find("６-００４")).toEqual(["2026-004"]);
  expect(find("%")).toEqual([]);
});

it("reads the hundred most frequent surnames, each by its syllable", () => {
  const surnames = `王wang李li张zhang刘liu陈chen杨yang黄huang赵zhao吴wu周zhou徐xu孙sun马ma朱zhu胡hu郭guo何he林lin高gao罗luo郑zheng梁liang
谢xie宋song唐tang许xu韩han邓deng冯feng曹cao彭peng曾ceng肖xiao田tian董dong潘pan袁yuan蔡cai蒋jiang余yu于yu杜du叶ye程cheng魏wei苏su吕lü丁ding
任ren卢lu姚yao沈shen钟zhong姜jiang崔cui谭tan陆lu范fan汪wang廖liao石shi金jin韦wei贾jia夏xia付fu方fang邹zou熊xiong白bai孟meng秦qin邱qiu侯hou江jiang
尹yin薛xue闫yan段duan雷lei龙long黎li史shi陶tao贺he毛mao郝hao顾gu龚gong邵shao万wan覃tan武wu钱qian戴dai严yan莫mo孔kong向xiang常chang`;
  const wrong = [...surnames.matchAll(/(\p{Script=Han})([a-zü]+)/gu)].filter(
    ([, name = "", syllable = ""]) => !finds(syllable, name) || finds(`${syllable}x`, name),
  );
  expect(wrong.map(([text]) => text)).toEqual([]);
});

it("does not try all ways to divide a text among the words of a name", () => {
  const name = Array.from({ length: 32 }, () => "aaa").join(" ");
  expect(finds(`${"a".repeat(63)}b`, name)).toBe(false);
});

afterEach(() => vi.unstubAllGlobals());
it.each(["en", "sv", "zh-u-co-stroke"])(
  "a browser that sorts as %s finds by what a name contains",
  async (order) => {
    const { compare } = new Intl.Collator(order);
    vi.stubGlobal("Intl", {
      Collator: class {
        readonly compare = compare;
      },
    });
    vi.resetModules();
    const other = await import("./name-search.js");
    const found = (search: string, name: string) => other.searchFor(search)({ userId: "1", name });
    expect([
      found("芳", "王芳"),
      found("wang", "Wang Fang"),
      found("tomas", "Tomás"),
      found("wf", "Wang Fang"),
    ]).toEqual([true, true, true, true]);
    // It knows no syllables, and makes none up.
    for (const letter of "abcdefghijklmnopqrstuvwxyz") expect(found(letter, "王芳")).toBe(false);
  },
);
