import { useRoom } from "../src/index.js";

// The README begins with these lines.
export const Room = ({ roomId }: { roomId: string }) => {
  const { status, state } = useRoom(roomId);
  const names = state?.members.map(({ userId, name }) => <li key={userId}>{name}</li>);
  return <ul aria-label={status}>{names}</ul>;
};
