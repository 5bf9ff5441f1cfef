import type { AliyunCredentials } from "../../config/config.js";
import { VendorError } from "../vendor-error.js";
import { loadSdk, type Sdk } from "./sdk.js";

/**
 * The account whose credentials sign the calls, and the SDK that signs them. Shared by all services of the
 * vendor.
 */
export interface AliyunAccount {
  /** Loads the SDK on the first call. */
  open(): Promise<{ readonly sdk: Sdk; readonly credential: InstanceType<Sdk["Credential"]> }>;
  /**
   * Ensures that there are valid credentials. Those of an instance role are fetched and renewed.
   * @throws VendorError if the machine provides none
   */
  ready(): Promise<void>;
}

const settingsOf = (credentials: AliyunCredentials, timeoutMs: number) => {
  if ("instanceRole" in credentials)
    return {
      type: "ecs_ram_role",
      roleName: credentials.instanceRole,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
    };
  return { type: credentials.securityToken === undefined ? "access_key" : "sts", ...credentials };
};

export const createAliyunAccount = (credentials: AliyunCredentials, timeoutMs: number): AliyunAccount => {
  let opened: ReturnType<AliyunAccount["open"]> | undefined;
  const open = (): ReturnType<AliyunAccount["open"]> => {
    opened ??= loadSdk().then((sdk) => ({
      sdk,
      credential: new sdk.Credential(new sdk.CredentialSettings(settingsOf(credentials, timeoutMs))),
    }));
    return opened;
  };
  return {
    open,
    async ready() {
      const { credential } = await open();
      await credential.getCredential().catch((error: unknown) => {
        // The message of the original error may contain parts of a credential, so it is discarded.
        const refused = error instanceof Error && /httpStatus: 4\d\d/.test(error.message);
        throw new VendorError("the machine provides no credentials for its role", {
          fault: refused ? "refused" : "unreachable",
        });
      });
    },
  };
};
