import Hls from "hls.js/light";
import type { PlayOptions } from "./whep.js";

/** Plays a stream by HLS. Load this file late: the player is large. */
export const playHls = async (
  url: string,
  video: HTMLVideoElement,
  { signal, onLost }: PlayOptions,
): Promise<void> => {
  signal.throwIfAborted();
  if (!Hls.isSupported()) {
    // Safari on phones plays it by itself.
    video.src = url;
    video.addEventListener("error", onLost, { once: true });
    signal.addEventListener("abort", () => {
      video.removeEventListener("error", onLost);
      video.removeAttribute("src");
      video.load();
    });
    await video.play();
    return;
  }
  const hls = new Hls({ maxBufferLength: 10, backBufferLength: 0, liveSyncDurationCount: 2 });
  signal.addEventListener("abort", () => hls.destroy(), { once: true });
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("stopped", { cause: signal.reason })), {
      once: true,
    });
    const end = (error: Error) => {
      reject(error);
      onLost();
    };
    hls.on(Hls.Events.MANIFEST_PARSED, () => resolve());
    hls.on(Hls.Events.ERROR, (_event, { fatal, error }) => {
      if (fatal) end(error);
    });
    // A list that has an end is that of a camera which is off: its picture would be an old one.
    hls.on(Hls.Events.LEVEL_LOADED, (_event, { details }) => {
      if (!details.live) end(new Error("The stream is over."));
    });
    hls.loadSource(url);
    hls.attachMedia(video);
  });
  await video.play();
};
