import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { InvigilProvider, useRoom } from "../src/index.js";
import { TEACHER, world } from "./world.js";

const Room = ({ roomId }: { roomId: string }) => {
  const { status, state } = useRoom(roomId);
  if (!state) return <p>{status}</p>;
  return <p>{`${state.room.name} ${state.room.audioStatus} ${state.members.length}`}</p>;
};

test("shows a room and follows it", async () => {
  await using at = await world();
  const client = await at.client(TEACHER);
  render(
    <InvigilProvider client={client}>
      <Room roomId={at.room.id} />
    </InvigilProvider>,
  );
  expect(screen.getByText("connecting")).toBeDefined();
  await screen.findByText("Algebra silent 4");
  await at.teacher.room.setAudioStatus({ roomId: at.room.id, audioStatus: "speaking" });
  await screen.findByText("Algebra speaking 4");
});
