/** The folder of this package. The same from `src/`, from `dist/` and from the packed program in `dist/packed/`, each one folder deep. */
export const PACKAGE_ROOT = new URL("../../", import.meta.url);
