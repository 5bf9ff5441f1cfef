import "./app/tokens.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.js";
import { readEntry } from "./app/entry.js";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has an element for the page");
// Before anything is drawn: the address holds a token.
const entry = readEntry();
createRoot(root).render(
  <StrictMode>
    <App entry={entry} />
  </StrictMode>,
);
