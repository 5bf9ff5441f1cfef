// A limit: a bare Fastify route that answers with the same JSON, made anew for each request. A POST has its
// body parsed, and nothing done with it.
import { answerParent } from "../lib/ipc.mjs";
import { Fastify } from "../lib/server-modules.mjs";

answerParent(async ({ method, path, answer }) => {
  const app = Fastify();
  app.route({ method, url: path.split("?")[0], handler: async () => answer });
  return app.listen({ host: "127.0.0.1", port: 0 });
});
