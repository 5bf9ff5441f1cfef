import { describe, expect, it } from "vitest";
import { createJoinCodes, formatJoinCode, type JoinSeat, parseJoinCode } from "./join-codes.js";

const ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ".split("");
const SEAT: JoinSeat = { examId: "e", roomId: "r", userId: "u", page: "main", generation: 0 };
const codes = createJoinCodes("a secret for tests, 32 bytes or more");
const firstOf = (seat: Partial<JoinSeat>, from = codes): string => {
  const { value } = from.of({ ...SEAT, ...seat }).next();
  if (value === undefined) throw new Error("there is no code");
  return value;
};
const some = Array.from({ length: 20 }, (_, n) => firstOf({ userId: `u${n}` }));

describe("a join code", () => {
  it("is always the same for a page of a seat, and another for every other page, seat, generation and secret", () => {
    const others: Partial<JoinSeat>[] = [
      {},
      { examId: "e2" },
      { roomId: "r2" },
      { userId: "u2" },
      { page: "pc" },
      { generation: 1 },
      // The parts do not run into each other.
      { examId: "er", roomId: "" },
      { examId: "e,r", roomId: "" },
    ];
    const made = others.map((seat) => firstOf(seat));
    expect(
      others.map((seat) => firstOf(seat, createJoinCodes("a secret for tests, 32 bytes or more"))),
    ).toEqual(made);
    const foreign = others.map((seat) =>
      firstOf(seat, createJoinCodes("another secret of 32 bytes or more!!")),
    );
    expect(new Set([...made, ...foreign]).size).toBe(2 * others.length);
    expect(new Set(codes.of(SEAT)).size).toBe(3);
  });

  it("has twelve characters that nobody confuses, each as likely as any other", () => {
    const seen = new Map<string, number>();
    for (let n = 0; n < 3000; n += 1)
      for (const character of firstOf({ userId: `u${n}` }))
        seen.set(character, (seen.get(character) ?? 0) + 1);
    expect([...seen.keys()].toSorted()).toEqual(ALPHABET);
    const expected = (3000 * 12) / 31;
    for (const times of seen.values()) expect(Math.abs(times - expected)).toBeLessThan(expected / 5);
    for (const code of some) expect(formatJoinCode(code)).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/);
  });

  it("is stored as a digest with a key of the installation", () => {
    const code = firstOf({});
    expect(codes.digest(code)).toMatch(/^[\w-]{43}$/);
    expect(codes.digest(code)).toBe(createJoinCodes("a secret for tests, 32 bytes or more").digest(code));
    expect(createJoinCodes("another secret of 32 bytes or more!!").digest(code)).not.toBe(codes.digest(code));
  });
});

describe("a typed code", () => {
  it("is read whatever its case, its spaces, its hyphens and the width of its characters", () => {
    for (const code of some) {
      const [a, b, c] = [code.slice(0, 4), code.slice(4, 8), code.slice(8)];
      const wide = code
        .split("")
        .map((one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0))
        .join("");
      for (const typed of [
        code,
        code.toLowerCase(),
        `${a}-${b}-${c}`,
        ` ${a} ${b}  ${c}\n`,
        `${a}\u3000${b}－${c}`,
        `${a}—${b}–${c}`,
        `${a}ー${b}−${c}`,
        wide,
        wide.toLowerCase(),
        code.split("").join("-"),
      ])
        expect(parseJoinCode(typed)).toBe(code);
    }
  });

  it("with any one wrong character is noticed", () => {
    for (const code of some)
      for (let at = 0; at < 12; at += 1)
        for (const other of ALPHABET) {
          const typed = code.slice(0, at) + other + code.slice(at + 1);
          expect(parseJoinCode(typed)).toBe(other === code[at] ? code : undefined);
        }
  });

  it("with any two characters exchanged is noticed", () => {
    // Whether an exchange is noticed depends on the two characters and their places alone: all of them, with any others between.
    const [rest = ""] = some;
    let noticed = 0;
    for (let one = 0; one < 12; one += 1)
      for (let two = one + 1; two < 12; two += 1)
        for (const [index, left] of ALPHABET.entries())
          for (const right of ALPHABET.slice(index)) {
            const characters = rest.split("");
            characters[one] = left;
            characters[two] = right;
            // Puts a third character right, so that the code is a good one.
            const free = [0, 1, 2].find((at) => at !== one && at !== two) ?? 0;
            const good = ALPHABET.map((third) => characters.with(free, third).join("")).find(
              (code) => parseJoinCode(code) === code,
            );
            if (good === undefined) throw new Error("no character puts the code right");
            const exchanged = good.split("");
            exchanged[one] = right;
            exchanged[two] = left;
            const read = parseJoinCode(exchanged.join(""));
            if (read !== (left === right ? good : undefined))
              throw new Error(`${good} with ${one} and ${two} exchanged is read as ${read}`);
            if (left !== right) noticed += 1;
          }
    expect(noticed).toBe((66 * 31 * 30) / 2);
  });

  it("that is too short, too long, or has other characters is no code", () => {
    const code = firstOf({});
    for (const typed of [
      "",
      "-",
      code.slice(1),
      `${code}2`,
      `${code.slice(1)}0`,
      `${code.slice(1)}é`,
      `${code.slice(2)}😀`,
    ])
      expect(parseJoinCode(typed)).toBeUndefined();
    expect(parseJoinCode(`${code}${" ".repeat(100)}`)).toBeUndefined();
  });
});
