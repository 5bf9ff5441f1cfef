import type { TestCaller } from "@invigil/server/testing";
import { render, screen } from "@testing-library/react";
import { act, StrictMode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { InvigilProvider } from "../src/index.js";
import { usePublish, useTalk, useWatch } from "../src/media.js";
import { fixture } from "./world.js";

// The connections are those of a browser, which `packages/server/browser` tests. Here they never connect.

const open = new Set<object>();
class Connection extends EventTarget {
  localDescription = { type: "offer", sdp: "v=0" };
  connectionState = "new";
  constructor() {
    super();
    open.add(this);
  }
  addTransceiver = () => undefined;
  setLocalDescription = async () => undefined;
  setRemoteDescription = async () => undefined;
  getSenders = () => [];
  getStats = async () => new Map();
  close = () => void open.delete(this);
}
class Stream {
  getTracks = () => [];
}
beforeEach(() => {
  vi.stubGlobal("RTCPeerConnection", Connection);
  vi.stubGlobal("MediaStream", Stream);
  const real = fetch;
  vi.stubGlobal("fetch", (url: string, init?: RequestInit) =>
    // Offers wait for an answer.
    url.includes("/media/") ? new Promise(() => undefined) : real(url, init),
  );
});
afterEach(() => {
  vi.unstubAllGlobals();
  open.clear();
});

/** A client, and what it asked of a procedure. */
const clientOf = async (at: Awaited<ReturnType<typeof fixture>>, caller: TestCaller, procedure: string) => {
  const asked: unknown[] = [];
  const client = await at.client(caller, {
    fetch: (url, init) => {
      if (url.includes(procedure)) asked.push(JSON.parse(init?.body as string).json);
      return fetch(url, init);
    },
  });
  return { client, asked };
};

const Camera = ({ roomId, userId, isOn }: { roomId: string; userId: string; isOn?: boolean }) => {
  const { state, error, ref } = useWatch({ roomId, userId, isOn });
  return (
    <figure>
      <video ref={ref} data-testid={userId} muted />
      {`${userId} ${state} ${error?.message ?? ""}`}
    </figure>
  );
};

const Own = ({ roomId, source }: { roomId: string; source: MediaStream | undefined }) => {
  const { state, error } = usePublish({ roomId, source });
  return <p>{`${state} ${error?.message ?? ""}`}</p>;
};

const Talking = ({ source, ...to }: { roomId: string; userId: string; source: MediaStream | undefined }) => {
  const { state, error } = useTalk({ ...to, source });
  return <p>{`${state} ${error?.message ?? ""}`}</p>;
};

test("watches the cameras that are mounted and on, with one call, and ends with them", async () => {
  await using at = await fixture();
  const { client, asked } = await clientOf(at, { sub: "t1", role: "teacher" }, "stream.watch");
  const show = (third: boolean, names = ["e1", "e2"]) => (
    <StrictMode>
      <InvigilProvider client={client}>
        {names.map((userId) => (
          <Camera key={userId} roomId={at.room.id} userId={userId} />
        ))}
        <Camera roomId={at.room.id} userId="e3" isOn={third} />
      </InvigilProvider>
    </StrictMode>
  );
  const { rerender, unmount } = render(show(false));
  await expect.poll(() => open.size).toBe(2);
  expect(asked).toEqual([{ roomId: at.room.id, userIds: ["e1", "e2"] }]);
  await screen.findByText("e1 connecting");
  await screen.findByText("e3 ended");
  expect(screen.getByTestId<HTMLVideoElement>("e1").srcObject).toBeInstanceOf(Stream);

  rerender(show(true));
  await expect.poll(() => open.size).toBe(3);
  rerender(show(false, ["e1"]));
  await expect.poll(() => open.size).toBe(1);
  await screen.findByText("e3 ended");
  unmount();
  await expect.poll(() => open.size).toBe(0);
});

test("says why a camera may not be published, and publishes nothing without one", async () => {
  await using at = await fixture();
  const { client, asked } = await clientOf(at, { sub: "e1", role: "examinee" }, "stream.publish");
  const show = (source: MediaStream | undefined) => (
    <InvigilProvider client={client}>
      <Own roomId={at.room.id} source={source} />
    </InvigilProvider>
  );
  const { rerender } = render(show(undefined));
  await screen.findByText("ended");
  expect(asked).toEqual([]);
  const source = new Stream() as unknown as MediaStream;
  rerender(show(source));
  await expect.poll(() => open.size).toBe(1);
  await screen.findByText("connecting");
  rerender(show(undefined));
  await expect.poll(() => open.size).toBe(0);
  await at.teacher.room.end({ roomId: at.room.id });
  await act(async () => rerender(show(source)));
  await screen.findByText(/^ended .*has ended/);
});

test("talks to an examinee as long as there is a microphone, and says why it may not", async () => {
  await using at = await fixture();
  const { client, asked } = await clientOf(at, { sub: "t1", role: "teacher" }, "stream.talk");
  const show = (userId: string, source: MediaStream | undefined) => (
    <InvigilProvider client={client}>
      <Talking roomId={at.room.id} userId={userId} source={source} />
    </InvigilProvider>
  );
  const { rerender } = render(show("e1", undefined));
  await screen.findByText("ended");
  expect(asked).toEqual([]);
  const source = new Stream() as unknown as MediaStream;
  rerender(show("e1", source));
  await expect.poll(() => open.size).toBe(1);
  expect(asked).toEqual([{ roomId: at.room.id, userId: "e1" }]);
  rerender(show("e1", undefined));
  await expect.poll(() => open.size).toBe(0);
  rerender(show("t1", source));
  await screen.findByText(/^ended t1 is no examinee/);
});
