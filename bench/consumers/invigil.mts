// What rows/type-check.mjs checks: an app that uses two procedures of the packed client.
import { createInvigilClient } from "@invigil/client";

const invigil = createInvigilClient({ url: "http://127.0.0.1:7001", token: "token" });

export const endRoom = async (roomId: string): Promise<string> => {
  const room = await invigil.room.get.query({ roomId });
  const ended: boolean = await invigil.room.end.mutate({ roomId: room.id });
  return `${room.name}, ${room.createdAt.toISOString()}: ${ended}`;
};
