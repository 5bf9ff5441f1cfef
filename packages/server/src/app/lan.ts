import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Certificate } from "@invigil/media-server/certificate";
import type { Config, LanConfig } from "../config/config.js";
import { outwardAddress, ownAddresses } from "../platform/own-addresses.js";
import { PACKAGE_ROOT } from "../platform/package-root.js";
import { failedWith, SetupError } from "../platform/setup-error.js";
import { reasonOfSystem } from "../platform/system-errors.js";

// `--lan`: https on an address of the local network. Browsers allow cameras on https pages, or on the machine itself.

/** Holds the certificate and its private key. */
const CERTIFICATE_FILE = "lan-certificate.pem";
/** Makes certificates. */
const MAKER = fileURLToPath(new URL("dist/media/certificate.cjs", PACKAGE_ROOT));
const DAY_MS = 24 * 60 * 60 * 1000;
/** Browsers refuse a certificate that is valid for longer than 825 days. */
const VALID_DAYS = 365;

/** Whether a certificate is for an address, has its key, and is valid for one more day. */
const fits = (pem: string, address: string, now: Date): boolean => {
  try {
    const certificate = new X509Certificate(pem);
    return (
      certificate.checkIP(address) !== undefined &&
      certificate.checkPrivateKey(createPrivateKey(pem)) &&
      new Date(certificate.validFrom) <= now &&
      new Date(certificate.validTo).getTime() > now.getTime() + DAY_MS
    );
  } catch {
    // The file is damaged.
    return false;
  }
};

const read = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SetupError(`${file} cannot be read: ${reasonOfSystem(error)}`);
  }
};

/** Reads a certificate of one's own. @throws SetupError */
const readCertificate = (files: NonNullable<LanConfig["files"]>): Certificate => {
  const given = { cert: read(files.cert), key: read(files.key) };
  let isPair: boolean;
  try {
    isPair = new X509Certificate(given.cert).checkPrivateKey(createPrivateKey(given.key));
  } catch {
    throw new SetupError(`${files.cert} or ${files.key} is no certificate or key in PEM format`);
  }
  if (!isPair) throw new SetupError(`${files.key} is not the key of the certificate ${files.cert}`);
  return given;
};

/**
 * Returns the certificate of the local network: the given one, or the one in the data folder, which is made for each new address and when
 * it expires.
 * @throws SetupError
 */
export const certificateFor = async (
  { address, files }: Pick<LanConfig, "address" | "files">,
  { dataDir, now }: { readonly dataDir: string; readonly now: Date },
): Promise<Certificate> => {
  if (files) return readCertificate(files);
  const file = join(dataDir, CERTIFICATE_FILE);
  try {
    const kept = readFileSync(file, "utf8");
    if (fits(kept, address, now)) return { cert: kept, key: kept };
  } catch (error) {
    if (!failedWith(error, "ENOENT")) throw error;
  }
  // Safe: packages/media-server builds it.
  const { selfSigned } = createRequire(import.meta.url)(
    MAKER,
  ) as typeof import("@invigil/media-server/certificate");
  const made = await selfSigned({
    address,
    // The clock of a phone may be behind.
    from: new Date(now.getTime() - DAY_MS),
    until: new Date(now.getTime() + VALID_DAYS * DAY_MS),
  });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, made.cert + made.key, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return made;
};

const freePort = async (host: string): Promise<number> => {
  const server = createServer();
  server.listen({ host, port: 0 });
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
};

/**
 * Adds https on the local network to a configuration: on the next port, and, unless they are set, as the public URL and as the address of
 * the media server.
 * @throws SetupError
 */
export const withLan = async (
  config: Config,
  { address: wanted, files }: { readonly address?: string | undefined } & Pick<LanConfig, "files">,
): Promise<Config> => {
  if (config.auth === "off") throw new SetupError("--lan must not be used while INVIGIL_AUTH is 'off'");
  const address = wanted ?? (await outwardAddress());
  if (address === undefined) throw new SetupError("This machine has no address in a local network");
  const isOwn = ownAddresses().includes(address) || address.startsWith("127.");
  if (!isOwn)
    throw new SetupError(
      `--lan ${address} is no address of this machine. It has ${ownAddresses().join(", ") || "none"}`,
    );
  if (files) readCertificate(files);
  const next = config.port < 65_535 ? config.port + 1 : 1024;
  const port = config.port === 0 ? await freePort(address) : next;
  const url = `https://${address}:${port}`;
  return {
    ...config,
    lan: { address, port, url, files },
    publicUrl: config.publicUrl ?? url,
    media: { ...config.media, host: config.media.host ?? address },
  };
};
