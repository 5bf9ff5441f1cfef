import { useLiveRoom, useRoom, useRoomEvent } from "@invigil/react";
import { memo, useState } from "react";

interface RoomProps {
  readonly roomId: string;
}

/** One person. It renders again when something about this person changes. */
const Person = memo(({ roomId, userId }: RoomProps & { readonly userId: string }) => {
  const { name, camera, isHere } = useRoom(roomId, ({ state }) => {
    const member = state?.members.find((other) => other.userId === userId);
    return {
      name: member?.name,
      camera: member?.publishStatus.main,
      isHere: state?.presence.some((page) => page.userId === userId),
    };
  });
  return (
    <li>
      {name}: {isHere ? "here" : "not here"}, camera {camera}
    </li>
  );
});

/** What is said in the room since the page opened it. */
const Messages = ({ roomId }: RoomProps) => {
  const room = useLiveRoom(roomId);
  const [lines, setLines] = useState<readonly string[]>([]);
  useRoomEvent(roomId, "message", ({ message }) =>
    setLines((before) => [...before, `${message.sender.userId}: ${JSON.stringify(message.data)}`]),
  );
  return (
    <>
      <button type="button" onClick={() => void room?.send(30_001, "Hello")}>
        Say hello
      </button>
      <pre>{lines.join("\n")}</pre>
    </>
  );
};

export const Room = ({ roomId }: RoomProps) => {
  const status = useRoom(roomId, (room) => room.status);
  const title = useRoom(roomId, ({ state }) => state?.room.name);
  const examinees = useRoom(roomId, ({ state }) =>
    state?.members.filter(({ role }) => role === "examinee").map(({ userId }) => userId),
  );
  return (
    <>
      <h1>
        {title} <small>{status}</small>
      </h1>
      <ul>
        {examinees?.map((userId) => (
          <Person key={userId} roomId={roomId} userId={userId} />
        ))}
      </ul>
      <Messages roomId={roomId} />
    </>
  );
};
