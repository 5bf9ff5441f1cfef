import { act, render, screen } from "@testing-library/react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { createSessionStore, InvigilProvider, type SessionStore, useRoom, useSession } from "../src/index.js";
import { fixture, PASSWORD } from "./world.js";

const Room = ({ roomId }: { roomId: string }) => {
  const { user, status } = useSession();
  const room = useRoom(roomId);
  return <p>{`${status} ${user?.userId}, ${room.status} ${room.state?.room.name}`}</p>;
};

const page = (session: SessionStore, roomId: string) => (
  <InvigilProvider session={session}>
    <Room roomId={roomId} />
  </InvigilProvider>
);

test("a page takes over what a server rendered, with the stored session from the first call on", async () => {
  await using at = await fixture();
  sessionStorage.clear();
  using before = createSessionStore(at.clientOptions);
  await before.login({ username: "t1", password: PASSWORD });

  using session = createSessionStore(at.clientOptions);
  const container = document.createElement("div");
  container.innerHTML = renderToString(page(session, at.room.id));
  expect(container.textContent).toBe("pending undefined, connecting undefined");
  document.body.append(container);
  const faults: unknown[] = [];
  await act(async () =>
    render(page(session, at.room.id), {
      container,
      hydrate: true,
      onRecoverableError: (error) => faults.push(error),
    }),
  );
  await screen.findByText("signed_in t1, live Algebra");
  expect(faults).toEqual([]);
  // One subscription, of the person who is signed in.
  expect(at.webSockets()).toBe(1);
});
