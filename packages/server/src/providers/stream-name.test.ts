import { expect, it } from "vitest";
import { examStreamPrefix, roomStreamPrefix, streamName } from "./stream-name.js";

it("names a stream by exam, room and person, and marks the PC camera", () => {
  const owner = { examId: "e-1", roomId: "r", userId: "u" };
  expect(streamName({ ...owner, camera: "main" })).toBe("e-1-r-u");
  expect(streamName({ ...owner, camera: "pc" })).toBe("e-1-r-u_pc");
});

it("starts every name with the prefixes of its exam and its room", () => {
  expect(examStreamPrefix("e-1")).toBe("e-1-");
  expect(roomStreamPrefix({ examId: "e-1", roomId: "r" })).toBe("e-1-r-");
});
