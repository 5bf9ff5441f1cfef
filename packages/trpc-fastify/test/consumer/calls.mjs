// Serves one router with this package and with tRPC's adapter, and prints the answers of both.
import { fastifyTRPCPlugin as fastPlugin } from "@invigil/trpc-fastify";
import { initTRPC } from "@trpc/server";
import { fastifyTRPCPlugin as stockPlugin } from "@trpc/server/adapters/fastify";
import Fastify from "fastify";
import { z } from "zod";

const t = initTRPC.create({ isDev: false });
const router = t.router({
  twice: t.procedure.input(z.object({ n: z.number() })).query(({ input }) => ({ n: input.n * 2 })),
  set: t.procedure.input(z.string()).mutation(({ input }) => ({ set: input })),
  ticks: t.procedure.subscription(async function* () {
    yield 1;
  }),
});

/** What each request is answered, and by how many chunks or bytes. */
const answersOf = async (plugin) => {
  const app = Fastify({ forceCloseConnections: true });
  await app.register(plugin, { prefix: "/trpc", trpcOptions: { router } });
  const url = `${await app.listen({ host: "127.0.0.1", port: 0 })}/trpc`;
  const get = (path) => [`${url}/${path}`];
  const post = (path, body, headers = { "content-type": "application/json" }) => [
    `${url}/${path}`,
    { method: "POST", headers, body },
  ];
  const form = new FormData();
  form.set("a", "1");
  const requests = [
    get("twice?input=%7B%22n%22:2%7D"),
    get("twice?input=%7B%22n%22:%22two%22%7D"),
    get("twice,twice?batch=1&input=%7B%220%22:%7B%22n%22:3%7D%7D"),
    post("set", '"é"'),
    post("set", "{"),
    post("set", "1", { "content-type": "text/plain" }),
    post("set", form, {}),
    get("ticks"),
    get("none"),
  ];
  const answers = [];
  for (const [address, init] of requests) {
    const answer = await fetch(address, init);
    answers.push([answer.status, answer.headers.get("content-type"), await answer.text()]);
  }
  const length = (await fetch(...get("twice?input=%7B%22n%22:2%7D"))).headers.get("content-length");
  await app.close();
  return { answers, length };
};

console.log(JSON.stringify([await answersOf(fastPlugin), await answersOf(stockPlugin)]));
