import type { FastifyInstance } from "fastify";
import type { Config } from "../config/config.js";
import { TRPC_PREFIX } from "./failures.js";
import { pageHeaders } from "./page.js";

const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --faint: #59636e; --line: #d1d9e0; --page: #fff; --link: #0550ae; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --faint: #9198a1; --line: #3d444d; --page: #0d1117; --link: #79c0ff; }
}
body { max-width: 40rem; margin: 4rem auto; padding: 0 1.5rem; background: var(--page); color: var(--text); font: 1rem/1.6 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.75rem; }
p { margin: .25rem 0 2rem; color: var(--faint); }
dl { margin: 0; }
dt { padding-top: 1rem; border-top: 1px solid var(--line); font-weight: 600; }
dd { margin: 0 0 1rem; }
a { color: var(--link); }
code { font: .9em ui-monospace, monospace; }
`;

// Links are relative: a proxy may serve Invigil below a path.
const pageWith = ({ servesConsole }: Pick<Config, "servesConsole">): string => `<!doctype html>
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
<h1>Invigil</h1>
<p>The backend of remote exams. Exam apps call this server.</p>
<dl>${
  servesConsole
    ? `
<dt>Console</dt>
<dd><a href="console"><code>/console</code></a>: the pages for people who set up exams and watch them.</dd>`
    : ""
}
<dt>Status</dt>
<dd><a href="health"><code>/health</code></a>: the process runs. <a href="ready"><code>/ready</code></a>: it can serve.</dd>
<dt>REST</dt>
<dd>The <a href="openapi">documented paths</a> below <code>/exam/</code>, also as <a href="openapi.json">OpenAPI</a>. Calls carry a token.</dd>
<dt>tRPC</dt>
<dd>The same procedures, typed, such as <a href="trpc/auth.whoami"><code>${TRPC_PREFIX}/auth.whoami</code></a>. Call them with
<a href="https://www.npmjs.com/package/@invigil/client"><code>@invigil/client</code></a>.</dd>
<dt>Documentation</dt>
<dd><a href="https://www.npmjs.com/package/@invigil/server"><code>@invigil/server</code></a>: how to run it, who may do what, and every path.</dd>
</dl>
</main>
</body>
</html>
`;

const HEADERS = pageHeaders(STYLE);

/** `/`: what is at the address that a start prints. */
export const startPage = (app: FastifyInstance, config: Pick<Config, "servesConsole">): void => {
  const page = pageWith(config);
  app.get("/", (_request, reply) => reply.headers(HEADERS).send(page));
};
