/** A tenth of a second of silence, as a WAV file: what an element plays in a click, it may play later as well. */
const silence = (): Blob => {
  const samples = 800;
  const view = new DataView(new ArrayBuffer(44 + samples));
  for (const [at, text] of [
    [0, "RIFF"],
    [8, "WAVEfmt "],
    [36, "data"],
  ] as const)
    for (let nth = 0; nth < text.length; nth++) view.setUint8(at + nth, text.charCodeAt(nth));
  view.setUint32(4, 36 + samples, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, 8000, true);
  view.setUint32(28, 8000, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  view.setUint32(40, samples, true);
  new Uint8Array(view.buffer, 44).fill(128);
  return new Blob([view], { type: "audio/wav" });
};

/** The sounds of the page. Browsers let it sound only after a click of the person. */
export interface Sound {
  /** Call it in a click. Resolves to whether the page may sound now. */
  readonly unlock: () => Promise<boolean>;
  /** Two short tones. */
  readonly ring: () => void;
  /** Plays a clip, in place of the one that plays. Rejects if it cannot be played. */
  readonly play: (url: string, onEnd: () => void) => Promise<void>;
  readonly stop: () => void;
}

export const createSound = (): Sound => {
  let audio: AudioContext | undefined;
  const player = new Audio();
  const sound: Sound = {
    async unlock() {
      audio ??= new AudioContext();
      const url = URL.createObjectURL(silence());
      try {
        await Promise.all([audio.resume(), player.paused && sound.play(url, () => undefined)]);
        return true;
      } catch {
        return false;
      } finally {
        URL.revokeObjectURL(url);
      }
    },
    ring() {
      if (audio?.state !== "running") return;
      for (const [at, hertz] of [
        [0, 660],
        [0.16, 880],
      ] as const) {
        const tone = audio.createOscillator();
        const volume = audio.createGain();
        tone.frequency.value = hertz;
        volume.gain.setValueAtTime(0.15, audio.currentTime + at);
        volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.14);
        tone.connect(volume).connect(audio.destination);
        tone.start(audio.currentTime + at);
        tone.stop(audio.currentTime + at + 0.15);
      }
    },
    async play(url, onEnd) {
      player.onended = onEnd;
      player.src = url;
      await player.play();
    },
    stop() {
      player.pause();
      player.removeAttribute("src");
    },
  };
  return sound;
};
