/**
 * The folder of this package. It is two folders above this file in `src/`, in `dist/` and in the packed
 * program in `dist/packed/`.
 */
export const PACKAGE_ROOT = new URL("../../", import.meta.url);
