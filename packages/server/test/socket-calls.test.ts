import { TRPCClientError } from "@trpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectSocket, type Hall, openHall } from "./support/sockets.js";

const told = (error: unknown) => {
  if (!(error instanceof TRPCClientError)) throw error;
  return { message: error.message, data: error.data };
};

describe("calls over a WebSocket", () => {
  let hall: Hall;
  beforeAll(async () => {
    hall = await openHall();
  });
  afterAll(() => hall[Symbol.asyncDispose]());

  it("are answered as over HTTP, to the caller of the token in the first message", async () => {
    const token = await hall.token({ sub: "t1", role: "teacher" });
    await using client = connectSocket(hall.url, token);
    expect(await client.api.auth.whoami.query()).toMatchObject({ userId: "t1", role: "teacher" });
    const at = new Date(0);
    expect(await client.api.test.echo.query({ text: "é長", at })).toEqual({ text: "é長", at });
    expect(await client.api.test.change.mutate({ text: "changed" })).toBe("changed");
  });

  it("fail in the same form", async () => {
    const token = await hall.token({ sub: "e1", role: "examinee" });
    await using client = connectSocket(hall.url, token);
    expect(await client.api.test.change.mutate({ text: "no" }).catch(told)).toMatchObject({
      message: "The role examinee may not call test.change.",
      data: { reason: "FORBIDDEN", httpStatus: 403, path: "test.change" },
    });
  });

  it("carry subscriptions", async () => {
    const token = await hall.token({ sub: "t1", role: "teacher" });
    await using client = connectSocket(hall.url, token);
    const seen: string[] = [];
    const done = new Promise<void>((resolve, reject) => {
      const subscription = client.api.test.events.subscribe(
        {},
        {
          onStarted: () => hall.log.add("first"),
          onData({ data }) {
            seen.push(data.text);
            if (data.text === "first") hall.log.add("second");
            else {
              subscription.unsubscribe();
              resolve();
            }
          },
          onError: reject,
        },
      );
    });
    await done;
    expect(seen).toEqual(["first", "second"]);
    await hall.log.heard(0);
  });
});
