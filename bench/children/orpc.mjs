// A limit: `room.get` with oRPC and its handler for Node's HTTP server. It has the same schemas, check of the caller, service and database.
// It has no log, and none of Invigil's headers.
import { once } from "node:events";
import { createServer } from "node:http";
import { os } from "@orpc/server";
import { RPCHandler } from "@orpc/server/node";
import { roles, roomRef, roomWithCheatConfigSchema } from "../../packages/schema/dist/index.js";
import { answerParent } from "../lib/ipc.mjs";
import { openServices } from "../lib/services.mjs";

const routerOf = (services) => {
  const anyone = os.use(async ({ context, next }, { roomId }) => {
    const caller = await services.auth.verify(context.authorization);
    if (!roles.includes(caller.role)) throw new Error(`The role ${caller.role} may not call.`);
    const rights = await services.access.confirm(caller, "room", { roomId });
    return next({ context: { caller, rights } });
  });
  return {
    room: {
      get: anyone
        .route({ method: "GET" })
        .input(roomRef)
        .output(roomWithCheatConfigSchema)
        .handler(async ({ context: { caller, rights }, input }) =>
          services.room.get(caller, await rights.open(caller, "room", input)),
        ),
    },
  };
};

answerParent(async ({ settings }) => {
  const handler = new RPCHandler(routerOf(await openServices(settings)));
  const answer = async (request, response) => {
    const { authorization } = request.headers;
    const context = { authorization, address: request.socket.remoteAddress, requestId: "1" };
    const { matched } = await handler.handle(request, response, { prefix: "/rpc", context });
    if (!matched) response.writeHead(404).end();
  };
  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${server.address().port}`;
});
