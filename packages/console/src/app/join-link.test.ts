import { expect, it } from "vitest";
import { readRoomLink } from "./join-link.js";

it.each([
  [
    "a link of a teacher",
    " https://watch.example/app/?roomId=r&userId=t1&token=aa.bb.c-_&role=0\n",
    "aa.bb.c-_",
  ],
  ["a link without a token", "https://watch.example/app/?roomId=r", undefined],
  ["a token alone", "aa.bb.cc", undefined],
  ["something else", "hello", undefined],
])("finds the token in %s", (_, link, token) => {
  expect(readRoomLink(link)?.token).toBe(token);
});
