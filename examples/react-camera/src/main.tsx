import { createInvigilClient } from "@invigil/client";
import { InvigilProvider } from "@invigil/react";
import { usePublish, useWatch } from "@invigil/react/media";
import { createRoot } from "react-dom/client";

const { token = "", roomId = "", userId } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const client = createInvigilClient({
  url: import.meta.env.VITE_INVIGIL_URL ?? "http://127.0.0.1:7001",
  token,
});
const source = userId ? undefined : await navigator.mediaDevices.getUserMedia({ video: true, audio: true });

const Own = () => {
  const { state, error } = usePublish({ roomId, source });
  return (
    <p role="status">{error?.message ?? { connecting: "…", live: "You are seen.", ended: "" }[state]}</p>
  );
};
const Watched = ({ userId }: { userId: string }) => {
  const { ref, state, error } = useWatch({ roomId, userId });
  return <video ref={ref} autoPlay muted playsInline aria-label={error?.message ?? `${userId}, ${state}`} />;
};
createRoot(document.body).render(
  <InvigilProvider client={client}>{userId ? <Watched userId={userId} /> : <Own />}</InvigilProvider>,
);
