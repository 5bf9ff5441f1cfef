import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Services } from "../api/services.js";
import type { Origin } from "../domain/calls.js";
import { JOIN_PATH } from "../features/join/codes.js";
import { logFault, setRetryAfter, toFailure } from "./failures.js";
import type { ReachedAt } from "./open-server.js";
import { pageHeaders } from "./page.js";
import { refuseOtherMethods } from "./read-only.js";

// The page for join codes. Cards carry its address with a code, which leads on to the web app. People who cannot scan the card type the code.

const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --faint: #59636e; --line: #8b949e; --page: #fff; --accent: #0550ae; --bad: #b42318; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --faint: #9198a1; --line: #6e7681; --page: #0d1117; --accent: #2f6fd0; --bad: #ff938a; }
}
body { max-width: 26rem; margin: 3rem auto; padding: 0 1.5rem; background: var(--page); color: var(--text); font: 1.05rem/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 1.5rem; font-size: 1.5rem; }
h1 span { display: block; color: var(--faint); font-size: 1.1rem; font-weight: 400; }
.problem { margin: 0 0 1.5rem; padding-left: .75rem; border-left: .25rem solid var(--bad); }
.problem span, .hint span { display: block; }
label { display: block; font-weight: 600; }
input, button { box-sizing: border-box; width: 100%; margin: .5rem 0; padding: .6rem; border-radius: .4rem; font: inherit; }
input { border: 1px solid var(--line); background: none; color: inherit; font: 1.3rem ui-monospace, monospace; letter-spacing: .05em; text-transform: uppercase; }
button { border: 0; background: var(--accent); color: #fff; font-weight: 600; }
.hint { color: var(--faint); font-size: .9rem; }
`;

/** A text in both languages of the page. It shows both, because the browser of an exam room says little about who sits there. */
type Text = readonly [chinese: string, english: string];
const PROBLEMS = {
  mistyped: [
    "考试码有误，请对照准考卡再输入一次。",
    "This code has a typing error. Compare it with your card, and type it again.",
  ],
  unknown: [
    "此考试码现在不能使用：可能已被更换，或考试已经结束。请向监考老师索取新的考试码。",
    "This code does not work now. It may have been replaced, or the exam is over. Ask your teacher for a new one.",
  ],
  tooMany: [
    "输错的次数太多，请等一分钟再试。",
    "Too many wrong codes were tried. Wait a minute, then try again.",
  ],
  failed: ["服务器暂时无法处理，请稍后再试。", "The server cannot do this right now. Try again in a moment."],
} as const satisfies Record<string, Text>;
type Problem = keyof typeof PROBLEMS;

const both = ([chinese, english]: Text): string =>
  `<span>${chinese}</span> <span lang="en">${english}</span>`;

/** @param action the page's address, relative: a proxy may serve Invigil below a path */
const pageOf = (action: string, problem: Problem | undefined): string => `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>进入考试 · Join your exam</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>进入考试 <span lang="en">Join your exam</span></h1>
${problem ? `<p class="problem" role="alert">${both(PROBLEMS[problem])}</p>\n` : ""}<form action="${action}">
<label for="code">考试码 <span lang="en">Code</span></label>
<input id="code" name="code" required maxlength="40" placeholder="XXXX-XXXX-XXXX" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" autofocus>
<button>进入 <span lang="en">Join</span></button>
</form>
<p class="hint">${both(["考试码印在准考卡上。大小写、空格和连字符都没有关系。", "The code is on your card. Capital letters, spaces and hyphens do not matter."])}</p>
</main>
</body>
</html>
`;

const originOf = (url: string): string => new URL(url).origin;

const headersFor = (apps: readonly (string | undefined)[]): Record<string, string> => ({
  // Chrome follows a redirect after a form only to origins that the form may be sent to.
  ...pageHeaders(STYLE, ["'self'", ...apps.flatMap((url) => url ?? []).map(originOf)].join(" ")),
  // A code leads to a new token each time.
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
});

const STATUS = { mistyped: 400, unknown: 404 } as const;

/** `/j`: the field for a code. `/j/<code>`, and `/j?code=<code>` from the form: leads on to the web app. */
export const joinPage = async (
  app: FastifyInstance,
  {
    codes,
    gate,
    apps,
    reachedAt,
  }: Pick<Services, "codes" | "gate"> & {
    /** The addresses to which codes lead, as far as they are set. */
    readonly apps: readonly (string | undefined)[];
    readonly reachedAt: ReachedAt;
  },
): Promise<void> => {
  const headers = headersFor(apps);
  const withCode = `${JOIN_PATH}/:code`;
  const show = (request: FastifyRequest, reply: FastifyReply, problem?: Problem): FastifyReply =>
    reply
      .headers(headers)
      .send(pageOf(request.routeOptions.url === withCode ? `..${JOIN_PATH}` : JOIN_PATH.slice(1), problem));

  app.addHook("onRequest", (request, _reply, done) => {
    gate.admitAnonymous(request.ip);
    done();
  });
  app.setErrorHandler((error, request, reply) => {
    const failed = toFailure(error);
    if (failed.code === "METHOD_NOT_ALLOWED") throw failed;
    logFault(request, failed);
    setRetryAfter(reply, failed);
    return show(
      request,
      reply.code(failed.status),
      failed.code === "TOO_MANY_REQUESTS" ? "tooMany" : "failed",
    );
  });

  const enter = async (request: FastifyRequest, reply: FastifyReply, code: string): Promise<FastifyReply> => {
    const origin: Origin = {
      reqId: request.id,
      address: request.ip,
      entryPoint: "join-code",
      procedure: "room.joinLinks",
    };
    const entered = await codes.enter(code, origin, reachedAt(request));
    if (typeof entered === "string") return show(request, reply.code(STATUS[entered]), entered);
    return reply.headers(headers).redirect(entered.href, 303);
  };
  app.get<{ Querystring: { readonly code?: unknown } }>(
    JOIN_PATH,
    { exposeHeadRoute: false },
    (request, reply) => {
      const { code } = request.query;
      return code === undefined
        ? show(request, reply)
        : enter(request, reply, typeof code === "string" ? code : "");
    },
  );
  app.get<{ Params: { readonly code: string } }>(withCode, { exposeHeadRoute: false }, (request, reply) =>
    request.params.code === "" ? show(request, reply) : enter(request, reply, request.params.code),
  );
  // Programs that preview an address must not create tokens.
  for (const url of [JOIN_PATH, withCode]) {
    app.head(url, (request, reply) => show(request, reply));
    refuseOtherMethods(app, url);
  }
};
