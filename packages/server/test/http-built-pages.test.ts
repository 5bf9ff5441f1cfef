import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type AppFixtureOptions, openAppFixture } from "./support/app-fixture.js";
import { tempFolder } from "./support/folders.js";
import { shared } from "./support/shared.js";

const SCRIPT = `console.log("${"built ".repeat(100)}");\n`;
/** The pages that Vite builds, by their paths. */
type Path = "/console" | "/sit";
const CHUNK = "/console/assets/entry-Ab12_-cd.js";
const YEAR = "public, max-age=31536000, immutable";

/** What a build of a page writes. */
const build = (folder: string, path: Path): void => {
  const assets = join(folder, "assets");
  mkdirSync(assets, { recursive: true });
  writeFileSync(
    join(folder, "index.html"),
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><base href="${path}/"><title>Invigil</title>
<script type="module" crossorigin src="./assets/entry-Ab12_-cd.js"></script></head><body><div id="root"></div></body></html>\n`,
  );
  const files = {
    "entry-Ab12_-cd.js": SCRIPT,
    "entry-Ef34.css": "p { color: red }",
    "mark-Gh56.svg": "<svg/>",
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(assets, name), content);
    writeFileSync(join(assets, `${name}.gz`), gzipSync(content));
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content));
  }
};

const openPages = async ({ config }: Pick<AppFixtureOptions, "config"> = {}) => {
  const folder = tempFolder();
  const pageFolders = { console: join(folder.path, "console"), candidate: join(folder.path, "candidate") };
  build(pageFolders.console, "/console");
  build(pageFolders.candidate, "/sit");
  const fixture = await openAppFixture({ pageFolders, config: { streamService: "embedded", ...config } });
  const url = await fixture.app.listen({ host: "127.0.0.1", port: 0 });
  return {
    ...fixture,
    url,
    // Fetch would undo the encoding, and hide the header.
    get: (path: string, headers: Record<string, string> = {}, method: "GET" | "HEAD" | "POST" = "GET") =>
      fixture.inject({ method, url: path, headers: { host: "127.0.0.1", ...headers } }),
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      rmSync(folder.path, { recursive: true, force: true });
    },
  };
};

/** The address that a browser loads for a link of a page. */
const resolved = (page: string, address: string, link: string): string => {
  const [, base = ""] = /<base href="([^"]*)">/.exec(page) ?? [];
  return new URL(link, new URL(base.replaceAll("&amp;", "&"), address)).href;
};

describe.each(["/console", "/sit"] as const)("the page of %s", (prefix) => {
  const served = shared(openPages);
  const chunk = `${prefix}/assets/entry-Ab12_-cd.js`;

  it.each([
    "",
    "/",
    "/exams/e1/rooms/r1?state=disconnected",
    "/exams/%E6%95%B0%E5%AD%A6/candidates/a%2Fb",
    "/no/such.js",
    "?roomId=r1&userId=e1&token=secret",
  ])("is one page at %j, which finds its files", async (path) => {
    const { url } = served();
    const response = await fetch(`${url}${prefix}${path}`);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    const [, source = ""] = /src="([^"]+)"/.exec(page) ?? [];
    const script = await fetch(resolved(page, `${url}${prefix}${path}`, source));
    expect([script.status, await script.text()]).toEqual([200, SCRIPT]);
  });

  it("may load what it is made of, play clips of any https host, and nothing else", async () => {
    const { headers } = await served().get(`${prefix}/exams`);
    expect(String(headers["content-security-policy"]).split(";")).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data: blob:",
      "media-src 'self' blob: https:",
      "connect-src 'self'",
      "worker-src 'self'",
      "base-uri 'self'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["permissions-policy"]).toBe(
      prefix === "/sit"
        ? "camera=(self), microphone=(self), fullscreen=(self), screen-wake-lock=(self)"
        : undefined,
    );
    // Everything else keeps the strict policy.
    for (const path of ["/health", "/trpc/auth.whoami", "/no-such-path"])
      expect((await served().get(path)).headers["content-security-policy"]).toBe(
        "default-src 'none';frame-ancestors 'none'",
      );
  });

  it("is revalidated: a browser that has the page gets 304", async () => {
    const { headers } = await served().get(`${prefix}/exams`);
    const again = await served().get(`${prefix}/other`, { "if-none-match": String(headers.etag) });
    expect([again.statusCode, again.body]).toEqual([304, ""]);
    expect(again.headers["cache-control"]).toBe("no-cache");
  });

  it("keeps its files in browsers for a year, each in the encoding that the browser takes", async () => {
    const accepting = (encodings: string) => served().get(chunk, { "accept-encoding": encodings });
    const [plain, gzip, brotli] = [
      await accepting("identity"),
      await accepting("gzip"),
      await accepting("gzip, br"),
    ];
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.body).toBe(SCRIPT);
    expect(gzip.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(gzip.rawPayload).toString()).toBe(SCRIPT);
    expect(brotli.headers["content-encoding"]).toBe("br");
    expect(brotliDecompressSync(brotli.rawPayload).toString()).toBe(SCRIPT);
    for (const { headers } of [plain, gzip, brotli])
      expect(headers).toMatchObject({
        "cache-control": YEAR,
        "content-type": expect.stringMatching(/^(text|application)\/javascript; charset=utf-8$/),
        "x-content-type-options": "nosniff",
        vary: "accept-encoding",
        etag: expect.any(String),
      });
    const types = await Promise.all(
      ["entry-Ef34.css", "mark-Gh56.svg"].map(async (name) => {
        const { headers } = await served().get(`${prefix}/assets/${name}`, { "accept-encoding": "br" });
        return headers["content-type"];
      }),
    );
    expect(types).toEqual(["text/css; charset=utf-8", "image/svg+xml"]);
    const known = await served().get(chunk, { "if-none-match": String(plain.headers.etag) });
    expect(known.statusCode).toBe(304);
  });

  it.each(["gone-Zz99.js", "", "..%2Findex.html", ".env", "entry-Ab12_-cd.js/x"])(
    "answers 404, and not with the page, for the file %j, which there is not",
    async (name) => {
      const { statusCode, headers, body } = await served().get(`${prefix}/assets/${name}`);
      expect(statusCode).toBe(404);
      expect(headers["content-type"]).toMatch(/^application\/json/);
      expect(headers["cache-control"]).toBe("no-store");
      expect(body).not.toContain("<html");
    },
  );

  it("answers HEAD like GET, and no other method", async () => {
    for (const path of [prefix, `${prefix}/exams`, chunk]) {
      const [head, whole] = [await served().get(path, {}, "HEAD"), await served().get(path)];
      expect([head.statusCode, head.body]).toEqual([200, ""]);
      expect(head.headers["content-length"]).toBe(whole.headers["content-length"]);
      expect(head.headers.etag).toBe(whole.headers.etag);
      expect(await served().get(path, {}, "POST")).toMatchObject({
        statusCode: 405,
        headers: { allow: "GET, HEAD" },
      });
    }
  });

  it("writes a line about the page into the log, and none about its files", async () => {
    const { lines } = served();
    const before = lines.length;
    await served().get(chunk);
    await served().get(`${prefix}/exams/e1?token=secret`);
    await served().get(chunk);
    expect(JSON.stringify(lines.slice(before))).not.toContain("secret");
    expect(lines.slice(before)).toMatchObject([{ route: `${prefix}/*`, status: 200, msg: "request" }]);
  });
});

it("its files vary by encoding also where only some origins may call", async () => {
  await using served = await openPages({ config: { corsOrigins: ["https://exam.example"] } });
  const { headers } = await served.get(CHUNK, { origin: "https://exam.example" });
  expect(headers.vary).toBe("Origin, accept-encoding");
});

it("below a path of a proxy, a deep link finds the console's files, and plays what has the public address", async () => {
  const publicUrl = "https://exams.school.example/proctor&co";
  await using served = await openPages({ config: { publicUrl } });
  /** Takes the path away, as a proxy does that mounts Invigil below it. */
  const viaProxy = (address: string): Promise<Response> => {
    const [, path] = /^\/proctor&co(\/.*)$/.exec(new URL(address).pathname) ?? [];
    if (path === undefined) throw new Error(`${address} is not below the path`);
    return fetch(`${served.url}${path}`);
  };
  const address = `${publicUrl}/console/exams/e1/rooms/r1`;
  const response = await viaProxy(address);
  const page = await response.text();
  const script = await viaProxy(resolved(page, address, "./assets/entry-Ab12_-cd.js"));
  expect([script.status, await script.text()]).toEqual([200, SCRIPT]);
  for (const directive of ["media-src 'self' blob: https:", "connect-src 'self'"])
    expect(response.headers.get("content-security-policy")).toContain(
      `${directive} https://exams.school.example;`,
    );
});

it("may play streams from where browsers without the vendor's player find them", async () => {
  const hlsUrl = "https://hls.school.example/{app}/{stream}.m3u8";
  const whepUrl = "https://whep.school.example:8443/{app}/{stream}.whep";
  await using served = await openPages({ config: { streamPlayers: { hlsUrl, whepUrl } } });
  const { headers } = await served.get("/console");
  const origins = "https://hls.school.example https://whep.school.example:8443";
  for (const directive of ["media-src 'self' blob: https:", "connect-src 'self'"])
    expect(headers["content-security-policy"]).toContain(`${directive} ${origins};`);
});

it("it may load streams from the servers that the settings name, and from no others", async () => {
  const streamPlayers = {
    hlsUrl: "https://pull.school.example/{app}/{stream}.m3u8",
    whepUrl: "https://pull.school.example:8443/{app}/{stream}",
  };
  await using served = await openPages({ config: { streamPlayers } });
  const { headers } = await served.get("/console");
  const origins = "https://pull.school.example https://pull.school.example:8443;";
  expect(headers["content-security-policy"]).toContain(`media-src 'self' blob: https: ${origins}`);
  expect(headers["content-security-policy"]).toContain(`connect-src 'self' ${origins}`);
});

it("the setting turns the console off", async () => {
  await using served = await openPages({ config: { servesConsole: false } });
  for (const path of ["/console", "/console/exams", CHUNK])
    expect((await served.get(path)).statusCode).toBe(404);
  expect((await served.get("/")).body).not.toContain("console");
});

it("the candidate's page is there only where the server carries its streams", async () => {
  await using served = await openPages({ config: { streamService: "aliyun" } });
  for (const path of ["/sit", "/sit/", "/sit/assets/entry-Ab12_-cd.js"])
    expect((await served.get(path)).statusCode).toBe(404);
});

it("a server from sources without built pages says how to build them", async () => {
  using folder = tempFolder();
  const pageFolders = { console: folder.path, candidate: folder.path };
  await using fixture = await openAppFixture({ pageFolders, config: { streamService: "embedded" } });
  for (const url of ["/console", "/console/exams", "/sit"]) {
    const { statusCode, headers, body } = await fixture.inject({ url });
    expect(statusCode).toBe(503);
    expect(headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(body).toContain("npm run build");
  }
});
