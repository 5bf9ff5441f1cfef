/** The token of a link to a room, as `room.joinLinks` makes it. Undefined: it is none. */
export const tokenOfLink = (link: string): string | undefined => {
  try {
    const token = new URL(link.trim()).searchParams.get("token") ?? "";
    return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) ? token : undefined;
  } catch {
    return undefined;
  }
};
