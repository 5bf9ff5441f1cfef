// A router of two procedures, as a tRPC server writes it.
import { initTRPC } from "@trpc/server";
import superjson from "superjson";
import { z } from "zod";

const { router, procedure } = initTRPC.create({ transformer: superjson });
const room = z.object({ id: z.string(), name: z.string(), createdAt: z.date() });
const roomRef = z.object({ roomId: z.string() });

const appRouter = router({
  room: router({
    get: procedure
      .input(roomRef)
      .output(room)
      .query(({ input }) => ({ id: input.roomId, name: "", createdAt: new Date(0) })),
    end: procedure
      .input(roomRef)
      .output(z.literal(true))
      .mutation(() => true),
  }),
});
export type AppRouter = typeof appRouter;
