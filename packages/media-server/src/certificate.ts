import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

// Loaded by `invigil serve --lan` only. It is bundled here, because the library is a part of the media server anyway.

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";

/** A certificate and its private key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate for an IPv4 address, which the machine itself has signed. */
export const selfSigned = async ({
  address,
  from,
  until,
}: {
  readonly address: string;
  readonly from: Date;
  readonly until: Date;
}): Promise<Certificate> => {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      // A serial number is positive.
      serialNumber: `01${randomBytes(15).toString("hex")}`,
      name: `CN=Invigil at ${address}`,
      notBefore: from,
      notAfter: until,
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        // It is no authority, so it can sign no other certificates.
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([SERVER_AUTHENTICATION]),
        new SubjectAlternativeNameExtension([{ type: "ip", value: address }]),
      ],
    },
    webcrypto,
  );
  const key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { cert: `${certificate.toString("pem")}\n`, key: `${key}\n` };
};
