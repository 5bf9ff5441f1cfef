// A limit: a Fastify that has one route and listens. Says so, as Invigil's log does.
import { Fastify } from "../lib/server-modules.mjs";

const app = Fastify();
app.get("/", async () => ({}));
console.log(`listening ${await app.listen({ host: "127.0.0.1", port: 0 })}`);
