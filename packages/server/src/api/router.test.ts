import { expect, it } from "vitest";
import { publicProcedure } from "../trpc/procedures.js";
import { pathsOf } from "./router.js";

const answers = publicProcedure.query(() => "yes");

it("lists the procedures of all folders", () => {
  const folders = { room: { room: { get: answers } }, join: { room: { joinLinks: answers } } };
  expect(pathsOf(folders)).toEqual(["room.get", "room.joinLinks"]);
});

it("refuses a procedure that two folders have", () => {
  const folders = { room: { room: { get: answers } }, join: { room: { get: answers } } };
  expect(() => pathsOf(folders)).toThrow("features/join and features/room both have room.get");
});
