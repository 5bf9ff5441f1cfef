/** Node gives a CommonJS module's own default export inside its default; what bundles the module does not. */
const unwrapped = <Export extends object>(module: Export | { readonly default: Export }): Export =>
  "default" in module ? module.default : module;

/**
 * The vendor's SDK cores: they sign calls, and know every kind of credential. They are a hundred files and more, so they are
 * loaded for the first call and not for the start of the server.
 */
export const loadSdk = async () => {
  const [core, credentials] = await Promise.all([
    import("@alicloud/openapi-core"),
    import("@alicloud/credentials"),
  ]);
  return {
    /** The vendor's own signing of a call, and what goes with it. */
    signing: core.OpenApiUtil,
    Credential: unwrapped(credentials.default),
    CredentialSettings: credentials.Config,
  };
};
export type Sdk = Awaited<ReturnType<typeof loadSdk>>;
