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
    Client: unwrapped(core.default),
    Settings: core.$OpenApiUtil.Config,
    Params: core.$OpenApiUtil.Params,
    Request: core.$OpenApiUtil.OpenApiRequest,
    /** What the vendor refuses or fails with; anything else that a call throws happened on the way. */
    VendorSaid: core.AlibabaCloudError,
    Credential: unwrapped(credentials.default),
    CredentialSettings: credentials.Config,
  };
};
export type Sdk = Awaited<ReturnType<typeof loadSdk>>;
