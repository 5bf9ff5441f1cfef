import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { builtPage } from "../../scripts/built-page.mjs";

export default defineConfig(builtPage({ name: "candidate", path: "/sit/", plugins: [react()] }));
