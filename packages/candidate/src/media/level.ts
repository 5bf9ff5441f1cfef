/** The loudness of a microphone, from 0 (silent) to 1. Ends when it is stopped. */
export interface Meter {
  readonly read: () => number;
  readonly stop: () => void;
}

export const measureSound = (stream: MediaStream): Meter => {
  const audio = new AudioContext();
  const source = audio.createMediaStreamSource(new MediaStream(stream.getAudioTracks()));
  const analyser = audio.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    read() {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // From -60 dB to 0 dB.
      return Math.min(1, Math.max(0, 1 + Math.log10(power || 1e-9) / 6));
    },
    stop: () => void audio.close(),
  };
};
/** From this loudness on, a microphone hears something. */
export const HEARD = 0.25;
