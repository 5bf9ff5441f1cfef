import module from "jsqr";

// Its types differ between the module resolutions of the tests.
const { default: jsqr } = module as unknown as {
  readonly default: (
    rgba: Uint8ClampedArray,
    width: number,
    height: number,
  ) => { readonly data: string } | null;
};

/** Reads the QR code in an image of red, green, blue and alpha bytes, as a phone's camera app does. */
export const readQr = (rgba: Uint8Array, width: number, height: number): string | undefined =>
  jsqr(new Uint8ClampedArray(rgba), width, height)?.data;
