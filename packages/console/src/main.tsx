import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has an element for the console");
createRoot(root).render(
  <StrictMode>
    <h1>Invigil</h1>
  </StrictMode>,
);
