import { type Fallbacks, InvigilErrorBoundary, useInvigil, useSession } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Room } from "./room.js";

const fallback: Fallbacks = {
  FORBIDDEN: <p>This is not open to you.</p>,
  other: ({ kind, requestId, retry }) => (
    <p role="alert">
      {kind} {requestId}{" "}
      <button type="button" onClick={retry}>
        Try again
      </button>
    </p>
  ),
};

/** Signs in with a token, as `npm start` prints them and join links have them. */
const SignIn = () => {
  const { join, ended } = useSession();
  const [error, setError] = useState<string>();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get("token");
    join(String(token)).catch((thrown: Error) => setError(thrown.message));
  };
  return (
    <form onSubmit={submit}>
      <label>
        Token <input name="token" type="password" required />
      </label>{" "}
      <button type="submit">Sign in</button>
      <p role="alert">{error ?? ended?.message}</p>
    </form>
  );
};

const Rooms = () => {
  const invigil = useInvigil();
  const { data } = useQuery(
    invigil.room.list.queryOptions({ status: "in_progress" }, { throwOnError: true }),
  );
  const [roomId, setRoomId] = useState<string>();
  if (roomId) return <Room roomId={roomId} />;
  return (
    <ul>
      {data?.rooms.map(({ id, name }) => (
        <li key={id}>
          <button type="button" onClick={() => setRoomId(id)}>
            {name}
          </button>
        </li>
      ))}
    </ul>
  );
};

export const Start = () => {
  const { status, user, logout } = useSession();
  if (status === "pending") return null;
  if (status === "signed_out") return <SignIn />;
  return (
    <InvigilErrorBoundary fallback={fallback}>
      <p>
        {user.name ?? user.userId}, {user.role}{" "}
        <button type="button" onClick={() => void logout()}>
          Sign out
        </button>
      </p>
      {user.roomId ? <Room roomId={user.roomId} /> : <Rooms />}
    </InvigilErrorBoundary>
  );
};
