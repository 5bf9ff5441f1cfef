import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What a client sends to publish a package, and what it gets when it asks for one. */
interface Packument {
  readonly name: string;
  readonly "dist-tags": Record<string, string>;
  readonly versions: Record<string, { readonly dist: { tarball: string } }>;
  readonly _attachments?: Readonly<Record<string, { readonly data: string }>>;
}

export interface Registry extends AsyncDisposable {
  readonly url: string;
  /** The published packages, by name: each one's tarball. */
  readonly tarballs: ReadonlyMap<string, Buffer>;
}

/**
 * An npm registry on a free port: package managers publish to it and install from it. It knows what was published to it and nothing else,
 * so it is the registry of a scope, beside the usual one.
 */
export const openRegistry = async (): Promise<Registry> => {
  const packages = new Map<string, Packument>();
  const tarballs = new Map<string, Buffer>();
  let url = "";

  const publish = ({ _attachments = {}, ...sent }: Packument): void => {
    const known = packages.get(sent.name);
    for (const { dist } of Object.values(sent.versions))
      dist.tarball = `${url}/-/${encodeURIComponent(sent.name)}.tgz`;
    packages.set(sent.name, { ...sent, versions: { ...known?.versions, ...sent.versions } });
    for (const { data } of Object.values(_attachments)) tarballs.set(sent.name, Buffer.from(data, "base64"));
  };

  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", url).pathname);
    if (request.method === "PUT") {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        // Safe: package managers send what the interface describes.
        publish(JSON.parse(Buffer.concat(chunks).toString()) as Packument);
        response.writeHead(201, { "content-type": "application/json" }).end('{"ok":true}');
      });
      return;
    }
    const tarball = tarballs.get(/^\/-\/(.*)\.tgz$/.exec(path)?.[1] ?? "");
    const known = packages.get(path.slice(1));
    if (tarball) response.writeHead(200, { "content-type": "application/octet-stream" }).end(tarball);
    else if (known)
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(known));
    else response.writeHead(404, { "content-type": "application/json" }).end('{"error":"not found"}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Safe: a server that listens on a TCP port has an AddressInfo.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    tarballs,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
