import type { InvigilClient, RoomSnapshot } from "@invigil/client";
import { QueryClient, useQuery } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import { memo, type ReactNode, StrictMode, useState } from "react";
import { expect, test } from "vitest";
import {
  type FallbackProps,
  InvigilErrorBoundary,
  InvigilProvider,
  useExam,
  useInvigil,
  useLiveRoom,
  usePresence,
  useRoom,
  useRoomEvent,
} from "../src/index.js";
import { ADMIN, EXAMINEES, fixture, TEACHER } from "./world.js";

/** React writes what a boundary caught to the console, unless somebody listens. */
const onCaughtError = () => undefined;

interface OfRoom {
  readonly roomId: string;
}

const Room = ({ roomId }: OfRoom) => {
  const { status, state } = useRoom(roomId);
  if (!state) return <p>{status}</p>;
  return <p>{`${state.room.name} ${state.room.audioStatus} ${state.members.length} ${status}`}</p>;
};

/** Shows a room from its snapshot on, and keeps what it has shown. */
const Begun = ({ roomId, snapshot, seen }: OfRoom & { snapshot: RoomSnapshot; seen: string[] }) => {
  const { status, state } = useRoom(roomId, (live) => live, { snapshot });
  seen.push(`${status} ${state?.room.audioStatus}`);
  return <p>{`${status} ${state?.room.audioStatus}`}</p>;
};

const Here = ({ roomId }: OfRoom) => <p>{`here ${usePresence(roomId, (pages) => pages.length)}`}</p>;

const Rooms = ({ examId }: { examId: string }) => (
  <p>{`rooms ${useExam(examId, ({ state }) => state?.rooms.length)}`}</p>
);

/** Shows the messages, and sends one. */
const Board = ({ roomId }: OfRoom) => {
  const [messages, setMessages] = useState<unknown[]>([]);
  const room = useLiveRoom(roomId);
  useRoomEvent(roomId, "message", ({ message }) => setMessages([...messages, message.data]));
  return (
    <>
      <button type="button" onClick={() => void room?.send(30_001, `text ${messages.length}`)}>
        send
      </button>
      <p>{`${useRoom(roomId, ({ status }) => status)}: ${messages.join(", ")}`}</p>
    </>
  );
};

const Failing = ({ roomId }: OfRoom) => {
  const { status, error } = useRoom(roomId);
  return <p>{`${status} ${error?.data?.reason}`}</p>;
};

const FailingQuery = ({ roomId }: OfRoom) => {
  const options = useInvigil().room.get.queryOptions({ roomId }, { throwOnError: true });
  return <p>{useQuery(options).data?.name}</p>;
};

const retryable = ({ kind, requestId, retry }: FallbackProps) => (
  <button type="button" onClick={retry}>{`${kind} ${typeof requestId}`}</button>
);

const page = (client: InvigilClient, children: ReactNode) => (
  <StrictMode>
    <InvigilProvider client={client}>{children}</InvigilProvider>
  </StrictMode>
);

test("shows a room and follows it, over one connection for all components of a page", async () => {
  await using at = await fixture();
  const client = await at.client(ADMIN);
  render(
    page(
      client,
      <>
        <Room roomId={at.room.id} />
        <Room roomId={at.room.id} />
        <Here roomId={at.room.id} />
        <Rooms examId={at.room.examId} />
      </>,
    ),
  );
  expect(screen.getAllByText("connecting")).toHaveLength(2);
  await waitFor(() => expect(screen.getAllByText("Algebra silent 4 live")).toHaveLength(2));
  await screen.findByText("rooms 1");
  const examinee = await at.client({ sub: "e1", role: "examinee" });
  const entered = examinee.live.room(at.room.id);
  await screen.findByText("here 1");
  await at.teacher.room.setAudioStatus({ roomId: at.room.id, audioStatus: "speaking" });
  await waitFor(() => expect(screen.getAllByText("Algebra speaking 4 live")).toHaveLength(2));
  entered.close();
  // The examinee's, and the page's.
  expect(at.webSockets()).toBe(2);
});

test("a room begins with the snapshot that a page has", async () => {
  await using at = await fixture();
  const client = await at.client({ sub: "e1", role: "examinee" });
  const { snapshot } = await client.attempt.open.mutate({ roomId: at.room.id });
  const seen: string[] = [];
  render(page(client, <Begun roomId={at.room.id} snapshot={snapshot} seen={seen} />));
  await screen.findByText("live silent");
  expect(seen).toContain("connecting silent");
  await at.teacher.room.setAudioStatus({ roomId: at.room.id, audioStatus: "speaking" });
  await screen.findByText("live speaking");
});

test("a room stays open from one component to the next, and is closed after the last", async () => {
  await using at = await fixture();
  const client = await at.client(TEACHER);
  const { rerender } = render(page(client, <Room key="1" roomId={at.room.id} />));
  await screen.findByText("Algebra silent 4 live");
  rerender(page(client, <Room key="2" roomId={at.room.id} />));
  // At once: it is the same subscription.
  expect(screen.getByText("Algebra silent 4 live")).toBeDefined();
  expect(at.webSockets()).toBe(1);
  rerender(page(client, null));
  await at.proxy.idle();
  rerender(page(client, <Room roomId={at.room.id} />));
  await screen.findByText("Algebra silent 4 live");
  expect(at.webSockets()).toBe(2);
});

test("the providers of one client share its rooms", async () => {
  await using at = await fixture();
  const client = await at.client(TEACHER);
  render(
    <>
      {page(client, <Room roomId={at.room.id} />)}
      {page(client, <Room roomId={at.room.id} />)}
    </>,
  );
  await waitFor(() => expect(screen.getAllByText("Algebra silent 4 live")).toHaveLength(2));
  expect(at.proxy.asked.filter((asked) => asked.includes("onEvent"))).toEqual([]);
  expect(at.webSockets()).toBe(1);
});

interface RowProps extends OfRoom {
  readonly userId: string;
  readonly onRender: (userId: string) => void;
}

const Row = memo(({ roomId, userId, onRender }: RowProps) => {
  // A new function and a new object with every render.
  const { name, main } = useRoom(roomId, ({ state }) => {
    const member = state?.members.find((other) => other.userId === userId);
    return { name: member?.name, main: member?.publishStatus.main };
  });
  onRender(userId);
  return <p>{`${name} ${main}`}</p>;
});

test("a change of one person renders one row", async () => {
  await using at = await fixture();
  const rendered: string[] = [];
  const client = await at.client(TEACHER);
  render(
    <InvigilProvider client={client}>
      {EXAMINEES.map((userId) => (
        <Row key={userId} roomId={at.room.id} userId={userId} onRender={(who) => rendered.push(who)} />
      ))}
    </InvigilProvider>,
  );
  await screen.findByText("E3 idle");
  rendered.length = 0;
  await at.teacher.participant.add({
    roomId: at.room.id,
    participants: [{ userId: "e2", name: "Wang Fang", role: "examinee" }],
  });
  await screen.findByText("Wang Fang idle");
  expect(rendered).toEqual(["e2"]);
});

test("events and the live room itself come to components", async () => {
  await using at = await fixture();
  const client = await at.client(TEACHER);
  render(page(client, <Board roomId={at.room.id} />));
  await screen.findByText("live:");
  act(() => screen.getByRole("button").click());
  await screen.findByText("live: text 0");
  act(() => screen.getByRole("button").click());
  // Both once, in StrictMode as well.
  await screen.findByText("live: text 0, text 1");
});

const Queries = ({ roomId }: OfRoom) => {
  const invigil = useInvigil();
  const { data: room } = useQuery(invigil.room.get.queryOptions({ roomId }));
  const { data: people } = useQuery(invigil.participant.list.queryOptions({ roomId }));
  const { data: rooms } = useQuery(invigil.room.list.queryOptions({}));
  const { data: messages } = useQuery(invigil.im.history.queryOptions({ roomId }));
  return (
    <p>
      {[
        room?.audioStatus,
        people?.map(({ name }) => name).join(" "),
        rooms?.rooms[0]?.audioStatus,
        messages?.messages.length,
      ].join(", ")}
    </p>
  );
};

test("queries follow what is live: by what an event says, or by asking again", async () => {
  await using at = await fixture();
  const fetched: string[] = [];
  const client = await at.client(TEACHER, {
    batch: false,
    fetch(url, init) {
      fetched.push(new URL(url).pathname.replace("/trpc/", ""));
      return fetch(url, init);
    },
  });
  const roomId = at.room.id;
  render(
    page(
      client,
      <>
        <Room roomId={roomId} />
        <Queries roomId={roomId} />
      </>,
    ),
  );
  await screen.findByText("silent, E1 E2 E3, silent, 0");
  await screen.findByText("Algebra silent 4 live");
  fetched.length = 0;
  await at.teacher.room.setAudioStatus({ roomId, audioStatus: "speaking" });
  await screen.findByText("speaking, E1 E2 E3, speaking, 0");
  expect(fetched).toEqual(["room.list"]);
  await at.teacher.participant.add({
    roomId,
    participants: [{ userId: "e1", name: "Wang Fang", role: "examinee" }],
  });
  await screen.findByText("speaking, Wang Fang E2 E3, speaking, 0");
  expect(fetched).toEqual(["room.list"]);
  await at.teacher.im.send({ roomId, type: 30_001, data: 1 });
  await screen.findByText("speaking, Wang Fang E2 E3, speaking, 1");
  expect(fetched).toEqual(["room.list", "im.history"]);
  await at.teacher.participant.remove({ roomId, userId: "e3" });
  await screen.findByText("speaking, Wang Fang E2, speaking, 1");
  expect(fetched).toEqual(["room.list", "im.history", "participant.list"]);
});

const AudioStatus = ({ roomId }: OfRoom) => {
  const { data } = useQuery(useInvigil().room.get.queryOptions({ roomId }));
  return <p>{`answered ${data?.audioStatus}`}</p>;
};

test("an answer that is older than an event is asked for again", async () => {
  await using at = await fixture();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const client = await at.client(TEACHER, {
    batch: false,
    async fetch(url, init) {
      const response = await fetch(url, init);
      if (url.includes("room.get")) await held;
      return response;
    },
  });
  const roomId = at.room.id;
  render(
    page(
      client,
      <>
        <Room roomId={roomId} />
        <AudioStatus roomId={roomId} />
      </>,
    ),
  );
  await screen.findByText("Algebra silent 4 live");
  await at.teacher.room.setAudioStatus({ roomId, audioStatus: "speaking" });
  await screen.findByText("Algebra speaking 4 live");
  release();
  await screen.findByText("answered silent");
  await screen.findByText("answered speaking");
});

test("what the server refuses is an error, or goes to the error boundary that is for its code", async () => {
  await using at = await fixture();
  const stranger = await at.client({ sub: "e9", role: "examinee" });
  const { rerender } = render(page(stranger, <Failing roomId={at.room.id} />), { onCaughtError });
  await screen.findByText("closed FORBIDDEN");

  const reported: unknown[] = [];
  const bounded = (
    <InvigilErrorBoundary fallback={{ FORBIDDEN: retryable }}>
      <InvigilErrorBoundary
        fallback={{ EXAM_OVER: "not this", network: "nor that" }}
        onError={(error) => reported.push(error)}
      >
        <Failing roomId={at.room.id} />
      </InvigilErrorBoundary>
    </InvigilErrorBoundary>
  );
  rerender(page(stranger, bounded));
  const button = await screen.findByText("FORBIDDEN string");
  expect(reported).toEqual([]);
  await at.teacher.participant.add({
    roomId: at.room.id,
    participants: [{ userId: "e9", name: "Late", role: "examinee" }],
  });
  act(() => button.click());
  await screen.findByText("live undefined");
});

test("what a query is refused goes to the error boundary, which asks again", async () => {
  await using at = await fixture();
  const stranger = await at.client({ sub: "e9", role: "examinee" });
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <InvigilProvider client={stranger} queryClient={queryClient}>
      <InvigilErrorBoundary fallback={{ other: retryable }}>
        <FailingQuery roomId={at.room.id} />
      </InvigilErrorBoundary>
    </InvigilProvider>,
    { onCaughtError },
  );
  const button = await screen.findByText("FORBIDDEN string");
  await at.teacher.participant.add({
    roomId: at.room.id,
    participants: [{ userId: "e9", name: "Late", role: "examinee" }],
  });
  act(() => button.click());
  await screen.findByText("Algebra");
});
