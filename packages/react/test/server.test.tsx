// @vitest-environment node
import { createInvigilClient } from "@invigil/client";
import { useQuery } from "@tanstack/react-query";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import {
  createSessionStore,
  InvigilErrorBoundary,
  InvigilProvider,
  useInvigil,
  useLiveRoom,
  usePresence,
  useRoom,
  useRoomEvent,
  useSession,
} from "../src/index.js";
import { useWatch } from "../src/media.js";

const refused = (): never => {
  throw new Error("a server opened something");
};
const options = {
  url: "http://127.0.0.1:1",
  fetch: refused,
  live: {
    WebSocket: class {
      constructor() {
        refused();
      }
    },
  },
};

const Room = () => {
  const room = useLiveRoom("r1");
  useRoomEvent("r1", "message", refused);
  const { isPending } = useQuery(useInvigil().room.get.queryOptions({ roomId: "r1" }));
  const texts = [useRoom("r1", ({ status }) => status), usePresence("r1").length, room, isPending];
  return <p>{texts.map(String).join(" ")}</p>;
};

const Who = () => <p>{useSession().status}</p>;

test("a server renders what is not known yet, and opens nothing", () => {
  expect(
    renderToString(
      <InvigilProvider client={createInvigilClient(options)}>
        <InvigilErrorBoundary fallback={{}}>
          <Room />
        </InvigilErrorBoundary>
      </InvigilProvider>,
    ),
  ).toBe("<p>connecting 0 undefined true</p>");
});

const Camera = () => {
  const { ref, state } = useWatch({ roomId: "r1", userId: "e1" });
  return <video ref={ref} muted title={state} />;
};

test("a server watches no camera", () => {
  expect(
    renderToString(
      <InvigilProvider client={createInvigilClient(options)}>
        <Camera />
      </InvigilProvider>,
    ),
  ).toBe('<video muted="" title="connecting"></video>');
});

test("a server knows no session, whatever it is asked to keep", () => {
  for (const storage of ["session", "local"] as const) {
    using session = createSessionStore({ ...options, storage });
    expect(
      renderToString(
        <InvigilProvider session={session}>
          <Who />
          <Room />
        </InvigilProvider>,
      ),
    ).toBe("<p>pending</p><p>connecting 0 undefined true</p>");
  }
});

test("a hook says what is missing", () => {
  expect(() => renderToString(<Room />)).toThrow("There is no <InvigilProvider> above this component.");
  const withoutSession = (
    <InvigilProvider client={createInvigilClient(options)}>
      <Who />
    </InvigilProvider>
  );
  expect(() => renderToString(withoutSession)).toThrow("useSession needs <InvigilProvider session={…}>.");
});
