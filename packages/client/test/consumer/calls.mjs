import { createInvigilClient, isInvigilError, parseCheatConfig, parseSignal, signals } from "@invigil/client";

const invigil = createInvigilClient({ url: process.env.INVIGIL_URL, token: process.env.INVIGIL_TOKEN });
const room = await invigil.room.create.mutate({ name: "From ESM" });
const [got, failed] = await Promise.allSettled([
  invigil.room.get.query({ roomId: room.id }),
  invigil.room.get.query({ roomId: "none" }),
]);
const live = invigil.live.room(room.id);
const heard = new Promise((resolve) => {
  live.on("message", ({ message: { type, data } }) => resolve({ type, data }));
});
await live.ready();
await live.send(30_001, "by itself");
await heard;
live.close();
console.log(
  JSON.stringify({
    name: got.value.name,
    isDate: got.value.createdAt instanceof Date,
    notFound: isInvigilError(failed.reason, "ROOM_NOT_FOUND"),
    config: parseCheatConfig('{"pc":{"manyPeople":true}}'),
    signal: parseSignal(signals.streamPublished.type, '{"userId":"e1"}'),
    heard: await heard,
  }),
);
