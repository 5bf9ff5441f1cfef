import jsqr from "jsqr";

/** Reads the QR code in an image of red, green, blue and alpha bytes, as a phone's camera app does. */
export const readQr = (rgba: Uint8Array, width: number, height: number): string | undefined =>
  jsqr.default(new Uint8ClampedArray(rgba), width, height)?.data;
