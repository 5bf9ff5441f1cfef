import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { userIdSchema } from "./common.js";
import { loginOf, streamOf, userIdOfLogin } from "./login.js";
import { cameras, isPcLogin, isPcStream } from "./login-parts.js";

const userId = fc.stringMatching(/^[A-Za-z0-9_.-]{1,61}$/).filter((id) => userIdSchema.safeParse(id).success);

describe("message logins", () => {
  it("are the user id for the main page and pc_<id> for the PC page", () => {
    expect(cameras.map((camera) => loginOf("s1", camera))).toEqual(["s1", "pc_s1"]);
  });

  it("identify the person and the page", () => {
    fc.assert(
      fc.property(userId, fc.constantFrom(...cameras), (id, camera) => {
        const login = loginOf(id, camera);
        expect(userIdOfLogin(login)).toBe(id);
        expect(isPcLogin(login)).toBe(camera === "pc");
      }),
    );
  });
});

it("the stream of the PC camera has the name of the main one and _pc", () => {
  expect(cameras.map((camera) => streamOf("e-r-s1", camera))).toEqual(["e-r-s1", "e-r-s1_pc"]);
  expect(cameras.map((camera) => isPcStream(streamOf("e-r-s1", camera)))).toEqual([false, true]);
});
