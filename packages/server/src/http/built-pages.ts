import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import type { Config } from "../config/config.js";
import { SIT_PATH } from "../features/join/rules.js";
import { escapeHtml } from "../platform/html.js";
import { PACKAGE_ROOT } from "../platform/package-root.js";
import { failedWith } from "../platform/setup-error.js";
import { sendTagged, tagged } from "./etag.js";
import { pageHeaders } from "./page.js";
import { refuseOtherMethods } from "./read-only.js";

// The console and the candidate's page: packages/console and packages/candidate, which Vite builds into this package. One page is the answer to
// every address below its path, and the program in it shows what belongs there. Everything that it loads has the hash of its content in its
// name.

const folderOf = (name: string): string => fileURLToPath(new URL(`dist/${name}`, PACKAGE_ROOT));

/** A page that Vite builds. */
export interface BuiltPage {
  readonly path: string;
  /** What the page is called when it is missing. */
  readonly name: string;
  /** The output folder of its build. It contains the page and the folder of what the page loads. */
  readonly folder: string;
  /** What it may ask the browser for. Default: what browsers allow. */
  readonly permissions?: string;
  /** How to turn it off. */
  readonly hint?: string;
}

export const CONSOLE: BuiltPage = {
  path: "/console",
  name: "console",
  folder: folderOf("console"),
  hint: "<code>INVIGIL_CONSOLE=off</code> turns the console off.",
};
export const CANDIDATE_PAGE: BuiltPage = {
  path: SIT_PATH,
  name: "candidate's page",
  folder: folderOf("candidate"),
  permissions: "camera=(self), microphone=(self), fullscreen=(self), screen-wake-lock=(self)",
};

const SECONDS_A_YEAR = 365 * 24 * 60 * 60;

type PageConfig = Pick<Config, "publicUrl" | "streamPlayers">;

/** The origins, besides the page's own, from which a page loads streams, and clips that are not on an https host. */
const mediaOrigins = ({ publicUrl, streamPlayers }: PageConfig): readonly string[] => {
  const urls = [publicUrl, streamPlayers.hlsUrl, streamPlayers.whepUrl].flatMap((url) => url ?? []);
  return [...new Set(urls.map((url) => new URL(url).origin))];
};

/** It names no nonce, so that browsers can keep the page. Everything that is not listed is refused. */
const contentSecurityPolicy = (config: PageConfig): string => {
  const media = mediaOrigins(config)
    .map((origin) => ` ${origin}`)
    .join("");
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    // A clip of the audio library may be on any host.
    `media-src 'self' blob: https:${media}`,
    `connect-src 'self'${media}`,
    "worker-src 'self'",
    "base-uri 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join(";");
};

/** Where browsers find a page: a proxy may serve Invigil below a path. */
const baseOf = (path: string, { publicUrl }: PageConfig): string =>
  `${publicUrl === undefined ? "" : new URL(publicUrl).pathname.replace(/\/$/, "")}${path}/`;

const STYLE = `
:root { color-scheme: light dark; }
body { max-width: 40rem; margin: 4rem auto; padding: 0 1.5rem; font: 1rem/1.6 system-ui, sans-serif; }
code { font: .9em ui-monospace, monospace; }
`;
const notBuilt = ({ name, hint }: BuiltPage): string => `<!doctype html>
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
<h1>The ${name} is not built</h1>
<p>This server runs from sources, and its pages are not built. Run <code>npm run build</code> in the folder of Invigil, then start the server again.</p>
${hint ? `<p>${hint}</p>\n` : ""}</main>
</body>
</html>
`;

/** What a page loads. */
const serveAssets = async (
  app: FastifyInstance,
  { path, folder }: Pick<BuiltPage, "path" | "folder">,
): Promise<void> => {
  app.addHook("onRequest", (_request, reply, done) => {
    // Caches between the server and browsers keep each encoding for those who accept it.
    reply.header("vary", [reply.getHeader("vary"), "accept-encoding"].filter(Boolean).join(", "));
    done();
  });
  await app.register(fastifyStatic, {
    root: join(folder, "assets"),
    prefix: `${path}/assets`,
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

/** The path of a page and every address below it. */
export const serveBuiltPage = async (
  app: FastifyInstance,
  { page, config }: { page: BuiltPage; config: PageConfig },
): Promise<void> => {
  const { path, folder, permissions } = page;
  const paths = [path, `${path}/*`];
  for (const url of paths) refuseOtherMethods(app, url);

  const html = await readFile(join(folder, "index.html"), "utf8").catch((error: unknown) => {
    if (failedWith(error, "ENOENT")) return undefined;
    throw error;
  });
  if (html === undefined) {
    const headers = pageHeaders(STYLE);
    for (const url of paths)
      app.get(url, (_request, reply) => reply.code(503).headers(headers).send(notBuilt(page)));
    return;
  }

  const headers = {
    "content-security-policy": contentSecurityPolicy(config),
    ...(permissions && { "permissions-policy": permissions }),
  };
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  await app.register(serveAssets, page);
  // The element that the server gives its own path.
  const index = tagged(
    html.replace(`<base href="${path}/"`, `<base href="${escapeHtml(baseOf(path, config))}"`),
  );
  for (const url of paths)
    app.get(url, (request, reply) =>
      sendTagged(
        request,
        reply.headers({ "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" }),
        index,
      ),
    );
};
