/** The size at which pictures are compared. */
export const PICTURE = { width: 32, height: 18 } as const;

/** Below this mean brightness, of 255, a picture shows nothing: the room is dark, or the camera is covered. */
const DARK = 14;
/** From this mean brightness on it is no longer dark, so that a dim room does not switch all the time. */
const BRIGHT = 20;
/** How many pictures in a row must be dark, or the same, at one a second. */
const DARK_IN_A_ROW = 4;
const SAME_IN_A_ROW = 12;

export interface PictureFindings {
  readonly isDark: boolean;
  readonly isFrozen: boolean;
}

/**
 * Judges one picture a second, as RGBA. A real camera never sends the same picture twice: it has noise. A dark picture may be all black, so
 * it is not called frozen.
 *
 * @param isDrawn - whether the browser surely draws the pictures. Of a hidden page some browsers do not, so that a picture which has not changed
 * since may be the browser's doing
 */
export const createPictureJudge = ({
  isDrawn = true,
}: {
  readonly isDrawn?: boolean;
} = {}): ((pixels: Uint8ClampedArray) => PictureFindings) => {
  let last: Uint8ClampedArray | undefined;
  let hasMoved = isDrawn;
  let [dark, same] = [0, 0];
  let isDark = false;
  return (pixels) => {
    let [light, isSame] = [0, last !== undefined];
    for (let at = 0; at < pixels.length; at += 4) {
      const [red = 0, green = 0, blue = 0] = pixels.subarray(at, at + 3);
      light += 0.299 * red + 0.587 * green + 0.114 * blue;
      isSame &&= last?.[at] === red && last[at + 1] === green && last[at + 2] === blue;
    }
    const mean = light / (pixels.length / 4);
    dark = mean < (isDark ? BRIGHT : DARK) ? dark + 1 : 0;
    isDark = dark >= DARK_IN_A_ROW || (isDark && dark > 0);
    same = isSame && dark === 0 ? same + 1 : 0;
    hasMoved ||= last !== undefined && !isSame;
    last = pixels.slice();
    return { isDark, isFrozen: hasMoved && same >= SAME_IN_A_ROW };
  };
};
