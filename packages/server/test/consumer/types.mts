import { createInvigilClient } from "@invigil/client";
import { type CreateRoomInput, createRoomInput } from "@invigil/schema";
import type { AppRouter } from "@invigil/server";
import { createTestApp, type RouterOutputs, type AppRouter as Tested } from "@invigil/server/testing";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_Claim extends true>(): void => {};

await using app = await createTestApp({ now: new Date(), config: { timeZone: "Asia/Shanghai" } });
const admin = app.as({ sub: "a1", role: "admin" });
const room = await admin.room.create({ name: "Algebra" });
holds<Equal<AppRouter, Tested>>();
holds<Equal<(typeof room)["createdAt"], Date>>();
holds<Equal<Awaited<ReturnType<typeof admin.room.get>>, RouterOutputs["room"]["get"]>>();
// @ts-expect-error
await admin.room.get({ roomId: 7 });
// @ts-expect-error
void admin.room.noSuchProcedure;
export const status: number = (await app.inject("/ready")).statusCode;

const client = createInvigilClient({
  url: await app.listen(),
  token: await app.token({ sub: "a1", role: "admin" }),
});
holds<Equal<Awaited<ReturnType<typeof client.room.get.query>>["createdAt"], Date>>();
export const input: CreateRoomInput = createRoomInput.parse({ name: "Algebra" });
