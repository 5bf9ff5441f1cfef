import type { Page } from "playwright-core";

/** What the microphone of {@link speaksInATone} sounds like. */
export const TONE_HERTZ = 1000;

/** Replaces the microphone of a page by a tone. */
export const speaksInATone = (page: Page): Promise<void> =>
  page.evaluate((hertz) => {
    navigator.mediaDevices.getUserMedia = async () => {
      const context = new AudioContext();
      const [tone, target] = [context.createOscillator(), context.createMediaStreamDestination()];
      tone.frequency.value = hertz;
      tone.connect(target);
      tone.start();
      await context.resume();
      return target.stream;
    };
  }, TONE_HERTZ);

/** What the audio element of a page plays between two looks at it. */
export interface Heard {
  /** Whether the time of the element has moved. */
  readonly moves: boolean;
  /** The loudest frequency. 0: silence. */
  readonly hertz: number;
}

/** Measures what a page plays of a talk. Undefined: it has no element that plays. */
export const heardIn = (page: Page): Promise<Heard | undefined> =>
  page.evaluate(async () => {
    const audio = document.querySelector("audio");
    if (
      !audio ||
      audio.paused ||
      audio.muted ||
      audio.volume < 1 ||
      !(audio.srcObject instanceof MediaStream)
    )
      return undefined;
    if (audio.srcObject.getAudioTracks().length === 0) return undefined;
    const before = audio.currentTime;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    context.createMediaStreamSource(audio.srcObject).connect(analyser);
    const levels = new Float32Array(analyser.frequencyBinCount).fill(Number.NEGATIVE_INFINITY);
    const end = performance.now() + 5000;
    let loudest = 0;
    do {
      await new Promise((resolve) => setTimeout(resolve, 50));
      analyser.getFloatFrequencyData(levels);
      loudest = levels.indexOf(Math.max(...levels));
    } while ((levels[loudest] ?? -100) < -60 && performance.now() < end);
    const hertz = (levels[loudest] ?? -100) < -60 ? 0 : (loudest * context.sampleRate) / analyser.fftSize;
    await context.close();
    return { moves: audio.currentTime > before, hertz: Math.round(hertz / 50) * 50 };
  });
