import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { portOf } from "./ports.js";

/** The document with which a client publishes a package, and which it gets on request. */
interface Packument {
  readonly name: string;
  readonly versions: Record<string, { readonly dist: { tarball: string } }>;
  readonly _attachments?: Readonly<Record<string, { readonly data: string }>>;
}

export interface Registry extends AsyncDisposable {
  readonly url: string;
  /** The tarballs of the published packages, by name. */
  readonly tarballs: ReadonlyMap<string, Buffer>;
}

/**
 * An npm registry on a free port, to which package managers can publish and from which they can install. It has
 * only what was published to it, so it serves as the registry of one scope, along with the usual registry. It
 * also serves `files`, by path.
 */
export const openRegistry = async (files: ReadonlyMap<string, Buffer> = new Map()): Promise<Registry> => {
  const packages = new Map<string, Packument>();
  const tarballs = new Map<string, Buffer>();
  // Package managers cache responses by address, and another test may get the same port.
  const base = `/${randomUUID()}/`;
  let url = "";

  const publish = ({ _attachments = {}, ...sent }: Packument): void => {
    for (const { dist } of Object.values(sent.versions))
      dist.tarball = `${url}-/${encodeURIComponent(sent.name)}.tgz`;
    const versions = { ...packages.get(sent.name)?.versions, ...sent.versions };
    packages.set(sent.name, { ...sent, versions });
    for (const { data } of Object.values(_attachments)) tarballs.set(sent.name, Buffer.from(data, "base64"));
  };

  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", url).pathname).replace(base, "");
    const answer = (status: number, body: Buffer | object): void => {
      const isFile = Buffer.isBuffer(body);
      response.writeHead(status, {
        "content-type": isFile ? "application/octet-stream" : "application/json",
      });
      response.end(isFile ? body : JSON.stringify(body));
    };
    if (request.method === "PUT") {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        // Safe: package managers send a document of this form.
        publish(JSON.parse(Buffer.concat(chunks).toString()) as Packument);
        answer(201, { ok: true });
      });
      return;
    }
    const found =
      tarballs.get(/^-\/(.*)\.tgz$/.exec(path)?.[1] ?? "") ?? packages.get(path) ?? files.get(path);
    if (found) answer(200, found);
    else answer(404, { error: `there is no ${path}` });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${portOf(server)}${base}`;
  return {
    url,
    tarballs,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
