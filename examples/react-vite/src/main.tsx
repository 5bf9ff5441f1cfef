import { createSessionStore, InvigilProvider } from "@invigil/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Start } from "./start.js";

const session = createSessionStore({ url: import.meta.env.VITE_INVIGIL_URL ?? "http://127.0.0.1:7001" });

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element for the page");
createRoot(root).render(
  <StrictMode>
    <InvigilProvider session={session}>
      <Start />
    </InvigilProvider>
  </StrictMode>,
);
