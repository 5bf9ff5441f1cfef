const {
  createInvigilClient,
  isInvigilError,
  parseCheatConfig,
  parseSignal,
  signals,
} = require("@invigil/client");
const { createSession } = require("@invigil/client/session");

const main = async () => {
  const invigil = createInvigilClient({ url: process.env.INVIGIL_URL, token: process.env.INVIGIL_TOKEN });
  const room = await invigil.room.create.mutate({ name: "From CommonJS" });
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
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const login = { userId: "t1", role: "admin", name: "Li Na", expiresAt: later, refreshableUntil: later };
  // Its timer does not keep the process.
  const session = createSession({
    url: process.env.INVIGIL_URL,
    session: { ...login, token: process.env.INVIGIL_TOKEN },
  });
  const kept = createInvigilClient({ url: process.env.INVIGIL_URL, token: session.token });
  const { userId } = await kept.auth.whoami.query();
  console.log(
    JSON.stringify({
      name: got.value.name,
      isDate: got.value.createdAt instanceof Date,
      notFound: isInvigilError(failed.reason, "ROOM_NOT_FOUND"),
      config: parseCheatConfig('{"pc":{"manyPeople":true}}'),
      signal: parseSignal(signals.streamPublished.type, '{"userId":"e1"}'),
      heard: await heard,
      userId,
    }),
  );
};
void main();
