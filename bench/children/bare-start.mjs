// A limit: a Fastify server with one route. It logs that it listens, as Invigil does.
import { Fastify } from "../lib/server-modules.mjs";

const app = Fastify();
app.get("/", async () => ({}));
console.log(`listening ${await app.listen({ host: "127.0.0.1", port: 0 })}`);
