import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The server that pages in development talk to. */
const server = process.env.INVIGIL_DEV_SERVER ?? "http://127.0.0.1:7001";

export default defineConfig(({ command }) => ({
  plugins: [react()],
  // Built pages find their files beside themselves, below whatever path the server is mounted.
  base: command === "serve" ? "/console/" : "./",
  build: {
    target: "baseline-widely-available",
    // A `data:` font or script is against the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "^/(trpc|audio|health|j)(/|$|\\?)": { target: server, changeOrigin: true, ws: true } },
  },
}));
