import type { CardPageCards as Card } from "@invigil/client";
import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { renderPart } from "../../../test/render.js";
import { OneCard } from "./cards.js";

const [startTime, endTime] = [new Date("2026-01-02T01:00:00Z"), new Date("2026-01-02T03:00:00Z")];
const qr = { size: 1, path: "M0 0" };
const card: Card = {
  userId: "c1",
  name: "Ann",
  role: "examinee",
  roomId: "r1",
  roomName: "Room 1",
  examEndTime: endTime,
  expiresAt: endTime,
  code: "ABCD-EFGH-2345",
  url: "https://proctor.example/j/ABCD-EFGH-2345",
  qr,
};
const second = { pcCode: "JKMN-PQRS-6789", pcUrl: "https://proctor.example/j/JKMN-PQRS-6789", pcQr: qr };
const draw = (one: Card) =>
  renderPart(<OneCard cards={[one]} exam={{ name: "Maths", startTime, endTime }} />, { screen: "setup" });

it("names the devices of a card only if there are two", async () => {
  await draw(card);
  expect(screen.getAllByRole("img")).toHaveLength(1);
  expect(screen.queryByText("Phone") ?? screen.queryByText("First camera")).toBeNull();
});

it("names the first and the second camera of a card with two codes", async () => {
  await draw({ ...card, ...second });
  expect(screen.getAllByRole("img")).toHaveLength(2);
  expect([screen.queryByText("First camera"), screen.queryByText("Second camera")]).not.toContain(null);
});
