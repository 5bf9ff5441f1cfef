import { createInvigilClient, isInvigilError } from "@invigil/client";
import { skipToken, useQuery } from "@tanstack/react-query";
import { act, render, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import {
  createSessionStore,
  InvigilProvider,
  type SessionStore,
  type SessionStoreOptions,
  useInvigil,
  useRoom,
  useSession,
} from "../src/index.js";
import { fixture, PASSWORD, TEACHER } from "./world.js";

const CREDENTIALS = { username: "t1", password: PASSWORD };

/** Who is signed in by the session, and by the server. */
const Who = () => {
  const { status, user, ended } = useSession();
  const invigil = useInvigil();
  const { data } = useQuery(invigil.auth.whoami.queryOptions(user ? undefined : skipToken));
  return <p>{[status, user?.userId, data?.userId, ended?.reason].filter(Boolean).join(" ")}</p>;
};

const Room = ({ roomId }: { roomId: string }) => {
  const { status } = useRoom(roomId);
  return <p>{`${useSession().status}, ${status}`}</p>;
};

/** Tells whom it has shown to whom. */
const Seen = ({ onSeen }: { onSeen: (text: string) => void }) => {
  const { user } = useSession();
  const invigil = useInvigil();
  const { data } = useQuery(invigil.auth.whoami.queryOptions(user ? undefined : skipToken));
  if (user && data) onSeen(`${user.userId} sees ${data.userId}`);
  return <p>{data?.userId}</p>;
};

/** Several tabs of one browser. */
const openTabs = (options: Pick<SessionStoreOptions, "url" | "live">) => {
  const stores: SessionStore[] = [];
  return {
    open(more: Partial<SessionStoreOptions> = {}) {
      const session = createSessionStore({ ...options, ...more });
      stores.push(session);
      const tab = render(
        <InvigilProvider session={session}>
          <Who />
        </InvigilProvider>,
      );
      return { session, see: (text: string) => within(tab.container).findByText(text) };
    },
    [Symbol.dispose]() {
      for (const store of stores) store.close();
    },
  };
};

const memory = (): Pick<Storage, "getItem" | "setItem" | "removeItem"> => {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
};

beforeEach(() => {
  sessionStorage.clear();
  localStorage.clear();
});

test("signs in, makes calls as that person, continues after a reload, and signs out", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  const first = tabs.open();
  await first.see("signed_out");
  await act(() => first.session.login(CREDENTIALS));
  await first.see("signed_in t1 t1");
  expect(first.session.getSnapshot().user).toMatchObject({ role: "teacher", name: "Li Na" });

  const reloaded = tabs.open();
  await reloaded.see("signed_in t1 t1");
  const { token } = JSON.parse(sessionStorage.getItem("invigil.session") ?? "").session;
  await act(() => reloaded.session.logout());
  await reloaded.see("signed_out logged_out");
  expect(sessionStorage.length).toBe(0);
  const kept = createInvigilClient({ ...at.clientOptions, token });
  await expect(kept.auth.whoami.query()).rejects.toMatchObject({ data: { reason: "UNAUTHENTICATED" } });
});

test("another tab's notice of the end counts, although the storage still shows the session", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  const { session, see } = tabs.open({ storage: "local" });
  await act(() => session.login(CREDENTIALS));
  const { token } = JSON.parse(localStorage.getItem("invigil.session") ?? "").session;
  const { sid } = JSON.parse(atob(token.split(".")[1]));
  // Tabs are processes of their own: what one removed is seen by the others later than its notice.
  const other = new BroadcastChannel("invigil.session");
  other.postMessage({ ended: sid, reason: "logged_out" });
  await see("signed_out logged_out");
  expect(localStorage.length).toBe(0);
  other.close();
});

test("a wrong password is the server's error, and changes nothing", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  const { session, see } = tabs.open();
  const error = await session
    .login({ ...CREDENTIALS, password: "not the password" })
    .catch((thrown) => thrown);
  expect(isInvigilError(error, "UNAUTHENTICATED")).toBe(true);
  await see("signed_out");
});

test("a newer token is stored, and the client stays", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  const { session } = tabs.open();
  await act(() => session.login(CREDENTIALS));
  const client = session.getClient();
  const before = sessionStorage.getItem("invigil.session");
  await act(() => session.refresh());
  await waitFor(() => expect(sessionStorage.getItem("invigil.session")).not.toBe(before));
  expect(session.getClient()).toBe(client);
});

test("a session that the server ended is noticed with the first call that is refused", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  const { session, see } = tabs.open();
  await act(() => session.login(CREDENTIALS));
  await see("signed_in t1 t1");
  await at.admin.account.disable({ userId: "t1" });
  await session
    .getClient()
    .room.get.query({ roomId: at.room.id })
    .catch(() => undefined);
  await see("signed_out refused");
  expect(sessionStorage.length).toBe(0);
});

test("a session that the server ended is noticed by a live room alone", async () => {
  await using at = await fixture();
  using session = createSessionStore(at.clientOptions);
  render(
    <InvigilProvider session={session}>
      <Room roomId={at.room.id} />
    </InvigilProvider>,
  );
  await act(() => session.login(CREDENTIALS));
  await screen.findByText("signed_in, live");
  await at.admin.account.disable({ userId: "t1" });
  await screen.findByText(/^signed_out/);
});

test("a session that expired while the page was closed has ended", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  const { session } = tabs.open();
  await act(() => session.login(CREDENTIALS));
  const stored = JSON.parse(sessionStorage.getItem("invigil.session") ?? "");
  const past = new Date(Date.now() - 1).toISOString();
  Object.assign(stored.session, { expiresAt: past, refreshableUntil: past });
  sessionStorage.setItem("invigil.session", JSON.stringify(stored));
  await tabs.open().see("signed_out expired");
});

test("what is stored and no session is forgotten", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  for (const text of ["{", "{}", '{"session":{"token":"t"}}']) {
    sessionStorage.setItem("invigil.session", text);
    const { see } = tabs.open();
    await see("signed_out");
    expect(sessionStorage.length).toBe(0);
  }
});

test("with storage that tabs share, all tabs sign in, get newer tokens and sign out together", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  const sent: (string | null)[] = [];
  const one = tabs.open({ storage: "local" });
  const other = tabs.open({
    storage: "local",
    fetch(url, init) {
      sent.push(new Headers(init.headers).get("authorization"));
      return fetch(url, init);
    },
  });
  await act(() => one.session.login(CREDENTIALS));
  await other.see("signed_in t1 t1");
  const client = other.session.getClient();
  await act(() => one.session.refresh());
  await waitFor(async () => {
    await client.auth.whoami.query();
    expect(new Set(sent).size).toBe(2);
  });
  expect(other.session.getClient()).toBe(client);
  await act(() => one.session.logout());
  await other.see("signed_out logged_out");
  expect(localStorage.length).toBe(0);
});

test("a tab that shares the storage without a component that listens catches up when one does", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  using hidden = createSessionStore({ ...at.clientOptions, storage: "local" });
  const { session } = tabs.open({ storage: "local" });
  await act(() => session.login(CREDENTIALS));
  expect(hidden.getSnapshot().status).toBe("signed_out");
  const off = hidden.subscribe(() => undefined);
  expect(hidden.getSnapshot().user?.userId).toBe("t1");
  off();
});

test("where each tab has its own session, those that were opened from one end together, and others stay", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  const [storage, copied] = [memory(), memory()];
  const one = tabs.open({ storage });
  await act(() => one.session.login(CREDENTIALS));
  copied.setItem("invigil.session", storage.getItem("invigil.session") ?? "");
  const duplicate = tabs.open({ storage: copied });
  await duplicate.see("signed_in t1 t1");
  const separate = tabs.open({ storage: memory() });
  await act(() => separate.session.login(CREDENTIALS));
  await separate.see("signed_in t1 t1");

  await act(() => one.session.logout());
  await duplicate.see("signed_out logged_out");
  expect(copied.getItem("invigil.session")).toBeNull();
  await separate.see("signed_in t1 t1");
});

test("the token of a join link signs in", async () => {
  await using at = await fixture();
  using tabs = openTabs(at.clientOptions);
  const { session, see } = tabs.open();
  await expect(session.join("no token")).rejects.toMatchObject({ data: { reason: "UNAUTHENTICATED" } });
  await act(async () =>
    session.join(await at.app.token({ sub: "e1", role: "examinee", room: at.room.id, name: "E1" })),
  );
  await see("signed_in e1 e1");
  expect(session.getSnapshot().user).toMatchObject({ role: "examinee", name: "E1", roomId: at.room.id });
  await tabs.open().see("signed_in e1 e1");

  at.pass(2 * 3_600_000);
  await session
    .getClient()
    .auth.whoami.query()
    .catch(() => undefined);
  await see("signed_out refused");
});

test("what one person was shown is not shown to the next", async () => {
  await using at = await fixture();
  using session = createSessionStore(at.clientOptions);
  const seen: string[] = [];
  render(
    <InvigilProvider session={session}>
      <Seen onSeen={(text) => seen.push(text)} />
    </InvigilProvider>,
  );
  await act(() => session.login(CREDENTIALS));
  await screen.findByText("t1");
  // Without signing out in between.
  await act(async () => session.join(await at.app.token({ ...TEACHER, sub: "t2" })));
  await screen.findByText("t2");
  expect(new Set(seen)).toEqual(new Set(["t1 sees t1", "t2 sees t2"]));
});
