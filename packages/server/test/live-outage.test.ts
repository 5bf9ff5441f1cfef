import { describe, expect, it } from "vitest";
import { MAX_QUEUED } from "../src/features/subscriptions/event-queue.js";
import { readEvents } from "./support/listening.js";
import {
  ADMIN,
  EXAMINEE,
  type LiveFixture,
  listenLater,
  openLiveFixture,
  reopenAs,
  speak,
  TEACHER,
} from "./support/live-fixture.js";
import { createOutage, type Outage } from "./support/outage.js";

// A database that fails ends no subscription.

const idsOf = (events: readonly { id: string }[]) => events.map(({ id }) => Number(id));

/** Takes the database away, lets a subscriber proceed until it has needed the database several times, and brings it back. */
const proceedInOutage = async (outage: Outage, proceed: () => void): Promise<void> => {
  outage.begin();
  proceed();
  await outage.failed(3);
  outage.end();
};

describe.each(["room", "exam"] as const)(
  "a listener of a %s keeps its subscription while the database is gone",
  (of) => {
    it("and then receives each event once, in order", async () => {
      const outage = createOutage();
      await using fixture = await openLiveFixture({ change: outage.change });
      await using listener = await listenLater(fixture, of, { token: await fixture.token(ADMIN) });
      await fixture.as(TEACHER).im.send({ roomId: fixture.room.id, type: 30_001, data: "first" });
      await speak(fixture, 5);
      await fixture.as(TEACHER).im.send({ roomId: fixture.room.id, type: 30_001, data: "last" });
      await proceedInOutage(outage, listener.proceed);
      const logged = await fixture.log();
      expect(idsOf(await listener.take(logged.length))).toEqual(logged.map(({ id }) => id));
      await speak(fixture, 1);
      expect(idsOf([await listener.next()])).toEqual(
        (await fixture.log()).slice(logged.length).map(({ id }) => id),
      );
    });

    it("and then receives the event whose delivery failed", async () => {
      const outage = createOutage();
      await using fixture = await openLiveFixture({ change: outage.change });
      await using listener = await listenLater(fixture, of, { token: await fixture.token(ADMIN) });
      listener.proceed();
      await speak(fixture, 1);
      // Its access was checked before this event. What fails next is the read of the message.
      await listener.next();
      listener.hold();
      await fixture.as(TEACHER).im.send({ roomId: fixture.room.id, type: 30_001, data: "kept" });
      await speak(fixture, 1);
      const received = listener.take(2);
      await proceedInOutage(outage, listener.proceed);
      const [, ...later] = await fixture.log();
      expect(idsOf(await received)).toEqual(later.map(({ id }) => id));
    });

    it("and then receives what it missed before", async () => {
      const outage = createOutage();
      await using fixture = await openLiveFixture({ change: outage.change });
      await speak(fixture, 3);
      const lastEventId = String((await fixture.log()).at(-1)?.id);
      await speak(fixture, 450);
      await using listener = await listenLater(fixture, of, {
        token: await fixture.token(ADMIN),
        lastEventId,
      });
      await speak(fixture, 2);
      await proceedInOutage(outage, listener.proceed);
      await speak(fixture, 2);
      const missed = (await fixture.log()).map(({ id }) => id).filter((id) => id > Number(lastEventId));
      expect(idsOf(await listener.take(missed.length))).toEqual(missed);
    });

    it("and then receives a gap instead of more events than its queue holds", async () => {
      const outage = createOutage();
      await using fixture = await openLiveFixture({ change: outage.change });
      await using listener = await listenLater(fixture, of, { token: await fixture.token(ADMIN) });
      await speak(fixture, MAX_QUEUED + 1);
      await proceedInOutage(outage, listener.proceed);
      const newest = (await fixture.log()).at(-1)?.id;
      expect(await listener.next()).toMatchObject({ type: "gap", id: String(newest) });
      await speak(fixture, 1);
      expect(await listener.next()).toMatchObject({ id: String((await fixture.log()).at(-1)?.id) });
    });

    it("and receives nothing that was not checked: its token was revoked", async () => {
      const outage = createOutage();
      await using fixture = await openLiveFixture({ change: outage.change });
      const token = await fixture.token(TEACHER);
      await using listener = await listenLater(fixture, of, { token });
      await speak(fixture, 2);
      const { tokenId } = await fixture.services.auth.identify(token);
      await fixture.as(ADMIN).auth.revokeToken({ tokenId: String(tokenId) });
      await proceedInOutage(outage, listener.proceed);
      expect(await listener.failure()).toMatchObject({ code: "UNAUTHENTICATED" });
    });

    it("until its token expires", async () => {
      let now = new Date("2026-01-02T03:04:05Z");
      const outage = createOutage();
      await using fixture = await openLiveFixture({ change: outage.change, now: () => now });
      await using listener = await listenLater(fixture, of, { token: await fixture.token(TEACHER, 60) });
      await speak(fixture, 1);
      outage.begin();
      listener.proceed();
      await outage.failed(3);
      now = new Date(now.getTime() + 61_000);
      expect(await listener.failure()).toMatchObject({ code: "UNAUTHENTICATED" });
      outage.end();
    });

    it("until the server stops", async () => {
      const outage = createOutage();
      await using fixture = await openLiveFixture({ change: outage.change });
      await using listener = await listenLater(fixture, of, { token: await fixture.token(ADMIN) });
      await speak(fixture, 1);
      outage.begin();
      listener.proceed();
      await outage.failed(3);
      const ended = listener.failure();
      await fixture.services.subscriptions.stop();
      expect(await ended).toMatchObject({ code: "OVERLOADED" });
      outage.end();
    });

    describe("also when it has just begun", () => {
      /** Subscribes, and takes the database away before the first read of the subscription. */
      const listenInOutage = async (fixture: LiveFixture, outage: Outage) => {
        const { id: roomId, examId } = fixture.room;
        const abort = new AbortController();
        const caller = await fixture.services.auth.identify(await fixture.token(ADMIN));
        const { access, subscriptions } = fixture.services;
        const subscriber = { caller, reopen: reopenAs(fixture.services, caller), signal: abort.signal };
        const events =
          of === "room"
            ? await subscriptions.subscribeToRoom(subscriber, await access.look(caller, "room", { roomId }), {
                camera: "main",
              })
            : await subscriptions.subscribeToExam(subscriber, await access.look(caller, "exam", { examId }));
        outage.begin();
        const listener = readEvents<{ readonly id: string }>(events, abort);
        await outage.failed(3);
        return listener;
      };

      it("and then receives what happens from then on", async () => {
        const outage = createOutage();
        await using fixture = await openLiveFixture({ change: outage.change });
        await using listener = await listenInOutage(fixture, outage);
        outage.end();
        let first: { readonly id: string } | undefined;
        const received = listener.next().then((event) => {
          first = event;
        });
        // The subscription begins at an unknown moment after the outage.
        while (!first) await speak(fixture, 1);
        await received;
        const later = (await fixture.log()).map(({ id }) => id).filter((id) => id >= Number(first?.id));
        expect(idsOf([first, ...(await listener.take(later.length - 1))])).toEqual(later);
      });

      it("and ends when the server stops", async () => {
        const outage = createOutage();
        await using fixture = await openLiveFixture({ change: outage.change });
        await using listener = await listenInOutage(fixture, outage);
        const ended = listener.failure();
        await fixture.services.subscriptions.stop();
        expect(await ended).toMatchObject({ code: "OVERLOADED" });
        outage.end();
      });
    });

    it("and ends when it leaves", async () => {
      const outage = createOutage();
      await using fixture = await openLiveFixture({ change: outage.change });
      await using listener = await listenLater(fixture, of, { token: await fixture.token(ADMIN) });
      await speak(fixture, 1);
      outage.begin();
      listener.proceed();
      await outage.failed(3);
      await listener.leave();
      outage.end();
    });
  },
);

describe("a participant who is removed", () => {
  it("during an outage receives nothing of what the room wrote afterwards", async () => {
    const outage = createOutage();
    await using fixture = await openLiveFixture({ change: outage.change });
    await using listener = await listenLater(fixture, "room", { token: await fixture.token(EXAMINEE) });
    const { id: roomId } = fixture.room;
    await fixture.as(TEACHER).participant.remove({ roomId, userId: EXAMINEE.sub });
    await speak(fixture, 1);
    await proceedInOutage(outage, listener.proceed);
    await listener.until(({ type }) => type === "participant_removed");
    expect(await listener.failure()).toMatchObject({ code: "FORBIDDEN" });
  });
});
