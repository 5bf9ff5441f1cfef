import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import type { Config } from "../config/config.js";
import { escapeHtml } from "../platform/html.js";
import { PACKAGE_ROOT } from "../platform/package-root.js";
import { failedWith } from "../platform/setup-error.js";
import { sendTagged, tagged } from "./etag.js";
import { pageHeaders } from "./page.js";
import { refuseOtherMethods } from "./read-only.js";

// The console: packages/console, which Vite builds into this package. One page is the answer to every address below /console, and the program
// in it shows what belongs there. Everything that it loads has the hash of its content in its name.

/** The output folder of the console's build. It contains the page and the folder of what the page loads. */
export const CONSOLE_FOLDER = fileURLToPath(new URL("dist/console", PACKAGE_ROOT));
const PREFIX = "/console";
/** The beginning of the element that the server gives its own path. */
const BASE = `<base href="/console/"`;

const SECONDS_A_YEAR = 365 * 24 * 60 * 60;

type ConsoleConfig = Pick<Config, "publicUrl" | "streamPlayers">;

/** The origins, besides the page's own, from which the console plays audio clips and streams. */
const mediaOrigins = ({ publicUrl, streamPlayers }: ConsoleConfig): readonly string[] => {
  const urls = [publicUrl, streamPlayers.hlsUrl, streamPlayers.whepUrl].flatMap((url) => url ?? []);
  return [...new Set(urls.map((url) => new URL(url).origin))];
};

/** It names no nonce, so that browsers can keep the page. Everything that is not listed is refused. */
const contentSecurityPolicy = (config: ConsoleConfig): string => {
  const media = mediaOrigins(config)
    .map((origin) => ` ${origin}`)
    .join("");
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    `media-src 'self' blob:${media}`,
    `connect-src 'self'${media}`,
    "worker-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join(";");
};

/** Where browsers find the console: a proxy may serve Invigil below a path. */
const baseOf = ({ publicUrl }: ConsoleConfig): string =>
  `${publicUrl === undefined ? "" : new URL(publicUrl).pathname.replace(/\/$/, "")}${PREFIX}/`;

const STYLE = `
:root { color-scheme: light dark; }
body { max-width: 40rem; margin: 4rem auto; padding: 0 1.5rem; font: 1rem/1.6 system-ui, sans-serif; }
code { font: .9em ui-monospace, monospace; }
`;
const NOT_BUILT = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Invigil</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>The console is not built</h1>
<p>This server runs from sources, and its pages are not built. Run <code>npm run build</code> in the folder of Invigil, then start the server again.</p>
<p><code>INVIGIL_CONSOLE=off</code> turns the console off.</p>
</main>
</body>
</html>
`;

/** What the page loads. */
const serveAssets = async (app: FastifyInstance, { folder }: { folder: string }): Promise<void> => {
  app.addHook("onRequest", (_request, reply, done) => {
    // Caches between the server and browsers keep each encoding for those who accept it.
    reply.header("vary", [reply.getHeader("vary"), "accept-encoding"].filter(Boolean).join(", "));
    done();
  });
  await app.register(fastifyStatic, {
    root: folder,
    prefix: `${PREFIX}/assets`,
    allowedPath: (path) => /^\/[\w.-]+$/.test(path),
    // The build writes compressed copies beside the files.
    preCompressed: true,
    index: false,
    dotfiles: "ignore",
    immutable: true,
    maxAge: SECONDS_A_YEAR * 1000,
    decorateReply: false,
    // A page loads dozens of files. Only the page itself is worth a line in the access log.
    logLevel: "warn",
  });
};

/** `/console` and every address below it. */
export const serveConsole = async (
  app: FastifyInstance,
  { folder, config }: { folder: string; config: ConsoleConfig },
): Promise<void> => {
  const paths = [PREFIX, `${PREFIX}/*`];
  for (const url of paths) refuseOtherMethods(app, url);

  const page = await readFile(join(folder, "index.html"), "utf8").catch((error: unknown) => {
    if (failedWith(error, "ENOENT")) return undefined;
    throw error;
  });
  if (page === undefined) {
    const headers = pageHeaders(STYLE);
    for (const url of paths)
      app.get(url, (_request, reply) => reply.code(503).headers(headers).send(NOT_BUILT));
    return;
  }

  const policy = contentSecurityPolicy(config);
  app.addHook("onRequest", (_request, reply, done) => {
    reply.header("content-security-policy", policy);
    done();
  });
  await app.register(serveAssets, { folder: join(folder, "assets") });
  const index = tagged(page.replace(BASE, `<base href="${escapeHtml(baseOf(config))}"`));
  for (const url of paths)
    app.get(url, (request, reply) =>
      sendTagged(
        request,
        reply.headers({ "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" }),
        index,
      ),
    );
};
