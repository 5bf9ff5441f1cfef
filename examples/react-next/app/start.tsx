"use client";

import { useInvigil, useRoom, useSession } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

const Room = ({ roomId }: { roomId: string }) => {
  const { status, state } = useRoom(roomId);
  const names = state?.members.map(({ userId, name }) => <li key={userId}>{name}</li>);
  return <ul aria-label={status}>{names}</ul>;
};

const Newest = () => {
  const { data } = useQuery(useInvigil().room.list.queryOptions({ pageSize: 1 }));
  const [room] = data?.rooms ?? [];
  if (!room) return <p>{data ? "There is no room yet." : "Reading the rooms…"}</p>;
  return (
    <>
      <h2>{room.name}</h2>
      <Room roomId={room.id} />
    </>
  );
};

export const Start = () => {
  const { status, user, join, logout } = useSession();
  const [error, setError] = useState<string>();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get("token");
    join(String(token)).catch((thrown: Error) => setError(thrown.message));
  };
  if (status === "pending") return <p>One moment…</p>;
  if (status === "signed_out")
    return (
      <form onSubmit={submit}>
        <label>
          Token <input name="token" type="password" required />
        </label>{" "}
        <button type="submit">Sign in</button>
        <p role="alert">{error}</p>
      </form>
    );
  return (
    <>
      <p>
        {user.name ?? user.userId}, {user.role}{" "}
        <button type="button" onClick={() => void logout()}>
          Sign out
        </button>
      </p>
      {user.roomId ? <Room roomId={user.roomId} /> : <Newest />}
    </>
  );
};
