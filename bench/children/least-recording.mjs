// A limit: recording without any check. If the parent sends a room, it serves a bare Fastify route that parses the body and writes it by
// group commit into the server's tables. If the parent sends `seconds`, it writes for 64 callers without HTTP.
import { createHistogram } from "node:perf_hooks";
import { answerParent } from "../lib/ipc.mjs";
import { openLeastRecording } from "../lib/least-recording.mjs";
import { CALLS, recordsOfCalls } from "../lib/records.mjs";
import { Fastify } from "../lib/server-modules.mjs";

let record;
let room;

const serve = async ({ database, path, answer, room: wanted }) => {
  record = await openLeastRecording(database);
  room = wanted;
  const app = Fastify();
  app.post(path, async ({ body }) => {
    const { roomId, examId, data } = body;
    await record({ roomId, examId }, JSON.parse(data));
    return answer;
  });
  return app.listen({ host: "127.0.0.1", port: 0 });
};

const load = async (seconds) => {
  const latencies = createHistogram();
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    recordsOfCalls().map(async (records) => {
      while (performance.now() < end) {
        const begun = performance.now();
        await record(room, records);
        latencies.record(Math.max(1, Math.round((performance.now() - begun) * 1000)));
      }
    }),
  );
  return {
    calls: latencies.count,
    callers: CALLS,
    seconds: (performance.now() - start) / 1000,
    p50: latencies.percentile(50) / 1000,
    p99: latencies.percentile(99) / 1000,
  };
};

answerParent((question) => (question.seconds === undefined ? serve(question) : load(question.seconds)));
