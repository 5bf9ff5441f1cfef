/** Where a procedure is: paths, of which `router` and `service` end with a line. Undefined: there is no such procedure. */
export declare const whereIs: (
  path: string,
) => { router: string; service: string | undefined; stores: readonly string[] } | undefined;
