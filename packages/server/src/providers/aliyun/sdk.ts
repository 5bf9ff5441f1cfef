/** Node nests the default export of a CommonJS module inside another default. Bundlers do not. */
const unwrapDefault = <Export extends object>(module: Export | { readonly default: Export }): Export =>
  "default" in module ? module.default : module;

/**
 * Loads the vendor's SDK cores, which sign calls and support every kind of credential. They consist of more
 * than a hundred files, so they are loaded for the first call instead of at startup.
 */
export const loadSdk = async () => {
  const [core, credentials] = await Promise.all([
    import("@alicloud/openapi-core"),
    import("@alicloud/credentials"),
  ]);
  return {
    /** The vendor's functions for signing calls. */
    signing: core.OpenApiUtil,
    Credential: unwrapDefault(credentials.default),
    CredentialSettings: credentials.Config,
  };
};
export type Sdk = Awaited<ReturnType<typeof loadSdk>>;
