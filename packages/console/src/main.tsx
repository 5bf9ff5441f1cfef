import "./app/styles.js";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createServices, Providers } from "./app/providers.js";
import { createConsoleRouter } from "./app/routes.js";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has an element for the console");
createRoot(root).render(
  <StrictMode>
    <Providers services={createServices()}>
      <RouterProvider router={createConsoleRouter()} />
    </Providers>
  </StrictMode>,
);
