import { expect, it } from "vitest";
import { readEntry } from "./join-link.js";

const code = { kind: "code", code: "ST9Q32GARTGA" };
const link = { kind: "link", link: { token: "aa.bb.c-_", roomId: "r" } };

it.each([
  ["a link of a teacher", " https://watch.example/app/?roomId=r&userId=t1&token=aa.bb.c-_&role=0\n", link],
  ["a link without a scheme", "watch.example/app/?roomId=r&userId=t1&token=aa.bb.c-_&role=0", link],
  ["a code as it is printed", "ST9Q-32GA-RTGA", code],
  ["a code in small letters, without hyphens", "st9q32gartga", code],
  ["a code with spaces and long dashes", " ST9Q 32GA — rtga ", code],
  ["a code in wide characters", "ＳＴ９Ｑ－３２ＧＡ－ＲＴＧＡ", code],
  ["the address of a code", "https://invigil.example/j/ST9Q-32GA-RTGA", code],
  ["the address of a code below a path", "https://school.example/exam/j/ST9Q-32GA-RTGA?x=1#y", code],
  ["the address of a code without a scheme", "invigil.example/j/st9q-32ga-rtga/", code],
  ["the path of a code", "/j/ST9Q-32GA-RTGA", code],
  ["the address of the form", "https://invigil.example/j?code=ST9Q+32GA-RTGA".replace("+", "%20"), code],
  ["a code with a character too few", "ST9Q-32GA-RTG", { kind: "length", length: 11 }],
  ["the address of a part of a code", "https://invigil.example/j/ST9Q-32GA", { kind: "length", length: 8 }],
  ["a code with a zero", "ST90-32GA-RTGA", { kind: "character", character: "0" }],
  ["a link without a token", "https://watch.example/app/?roomId=r", { kind: "noToken" }],
  ["a link that was cut", "https://watch.example/app/?roomId=r&token=aa.bb", { kind: "noToken" }],
  ["the page for codes", "https://invigil.example/j", { kind: "noToken" }],
  ["a token alone", "aa.bb.cc", { kind: "noToken" }],
  ["something else", "¿?", { kind: "noToken" }],
  ["marks", "***", { kind: "neither" }],
  ["nothing", " ", { kind: "neither" }],
])("reads %s", (_, typed, entry) => {
  expect(readEntry(typed)).toEqual(entry);
});
