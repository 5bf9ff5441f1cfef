/** What a link to a room says, as `room.joinLinks` makes it. */
export interface RoomLink {
  readonly token: string;
  readonly roomId: string | undefined;
}

/** Reads a link to a room. Undefined: it is none. */
export const readRoomLink = (link: string): RoomLink | undefined => {
  try {
    const { searchParams } = new URL(link.trim());
    const token = searchParams.get("token") ?? "";
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined;
    return { token, roomId: searchParams.get("roomId") ?? undefined };
  } catch {
    return undefined;
  }
};
