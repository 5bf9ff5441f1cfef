import type { Config } from "../../src/config/config.js";
import { sendSignal } from "../../src/domain/vendor-tasks.js";
import { streamName } from "../../src/providers/stream-name.js";
import { outboxTasks } from "../../src/storage/tables.js";
import { createStreamService, type Happening, type StreamService } from "../simulators/stream-service.js";
import { type AppFixture, openAppFixture } from "./app-fixture.js";
import { dataOf, rest, trpc } from "./calls.js";
import { createTestService, withServices } from "./message-services.js";
import { portOf } from "./ports.js";
import { STREAM_CONFIG } from "./streams.js";
import { rowsOf } from "./tables.js";

// A room whose people publish streams, and a stream service that reports them over HTTP.

const ADMIN = { sub: "root", role: "admin" } as const;
type Camera = "main" | "pc";
interface Room {
  readonly id: string;
  readonly examId: string;
}

export interface StreamFixture extends AppFixture {
  /** The current time, in seconds since 1970. Tests may change it. */
  readonly time: { now: number };
  readonly room: Room;
  /** A room of the same exam. */
  readonly sibling: Room;
  readonly service: StreamService;
  /** The stream service with other settings at the vendor. */
  serviceWith(change: Partial<{ pushDomain: string; appName: string; key: string }>): StreamService;
  readonly admin: ReturnType<typeof trpc>;
  nameOf(userId: string, camera?: Camera, room?: Room): string;
  /** Reports an event of a camera in `room`. */
  happens(
    userId: string,
    action: Happening["action"],
    time: number,
    more?: Partial<Happening> & { camera?: Camera; room?: Room },
  ): Promise<unknown>;
  /** Returns the status of a person's cameras, `main` and `pc`. */
  statusOf(userId: string, room?: Room): Promise<string>;
  /** Returns the pending signals at the new message service, as `number data`. */
  announced(room?: Room): Promise<string[]>;
  /** Returns the stored events of a room. */
  eventsOf(room?: Room): Promise<Record<string, unknown>[]>;
  add(...userIds: readonly string[]): Promise<void>;
}

export const NOW = Date.parse("2026-01-02T03:04:05Z") / 1000;

/**
 * Opens a room with two message services or, if `silent`, with the built-in one. Pending signals are not sent.
 */
export const openStreamFixture = async ({
  config = {},
  silent = false,
}: {
  config?: Partial<Config>;
  silent?: boolean;
} = {}): Promise<StreamFixture> => {
  const time = { now: NOW };
  const appFixture = await openAppFixture({
    config: { ...STREAM_CONFIG, ...config },
    queue: false,
    now: () => new Date(time.now * 1000),
    ...(!silent && {
      change: withServices({ aliyun_new: createTestService(), rong_cloud: createTestService() }),
    }),
  });
  await appFixture.app.listen({ host: "127.0.0.1", port: 0 });
  const port = portOf(appFixture.app.server);
  const admin = trpc(appFixture, await appFixture.token(ADMIN));
  const participants = ["e1", "e2"].map((userId) => ({ userId, name: userId, role: "examinee" }));
  const services = silent ? {} : { imServer: ["aliyun_new", "rong_cloud"] };
  const room: Room = (await admin.mutate("room.create", { name: "A", participants, ...services })).data;
  const sibling: Room = (await admin.mutate("room.create", { name: "B", examId: room.examId, ...services }))
    .data;
  const settings = {
    callbackUrl: `http://127.0.0.1:${port}/exam/userAct`,
    pushDomain: "push.example",
    appName: "exam",
    key: STREAM_CONFIG.streamCallbackKey,
    now: () => time.now,
  };
  const service = createStreamService(settings);
  const nameOf: StreamFixture["nameOf"] = (userId, camera = "main", { id, examId } = room) =>
    streamName({ examId, roomId: id, userId, camera });

  return {
    ...appFixture,
    time,
    room,
    sibling,
    service,
    serviceWith: (change) => createStreamService({ ...settings, ...change }),
    admin,
    nameOf,
    async happens(userId, action, at, { camera, room: where, ...more } = {}) {
      const id = nameOf(userId, camera, where);
      const { status, body } = await service.report({ id, action, time: at, ...more });
      return body.success ? body.data : `${status} ${body.reason}`;
    },
    async statusOf(userId, { id: roomId } = room) {
      const { publishStatus } = (await admin.query("participant.get", { roomId, userId })).data;
      return `${publishStatus.main} ${publishStatus.pc}`;
    },
    async announced({ id } = room) {
      const tasks = await rowsOf(appFixture.db, outboxTasks);
      return tasks
        .filter(({ queue, key, kind }) => queue === "aliyun_new" && key === id && kind === "send")
        .map(({ payload }) => sendSignal.payload.parse(payload).signal)
        .map(({ type, data }) => `${type} ${data}`);
    },
    async eventsOf({ id: roomId } = room) {
      return (await admin.query("stream.listEvents", { roomId, pageSize: 100 })).data.events;
    },
    async add(...userIds) {
      const people = userIds.map((userId) => ({ userId, name: userId, role: "examinee" }));
      const added = await admin.mutate("participant.add", { roomId: room.id, participants: people });
      if (added.status !== 200) throw new Error(added.error.message);
    },
  };
};

/** Reads a person's `userInfo` over REST. */
export const userInfo = async (fixture: StreamFixture, userId: string) => {
  const client = rest(fixture, await fixture.token(ADMIN));
  return dataOf(await client.get("userInfo", { roomId: fixture.room.id, userId }));
};
