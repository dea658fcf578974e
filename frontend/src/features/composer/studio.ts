import type { Studio } from "@/features/composer/recorder";

/** What WhatsApp needs is made of any of these; the first that the browser can is taken. */
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const BITS_A_SECOND = 32_000;

/** The browser's microphone. */
export const studio: Studio = {
  open() {
    // Browsers hide it outside https and localhost.
    if (!("mediaDevices" in navigator)) return Promise.reject(new DOMException("", "NotSupportedError"));
    return navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  },

  record(stream) {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    return new MediaRecorder(stream, { mimeType, audioBitsPerSecond: BITS_A_SECOND });
  },

  meter(stream) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 4096; // 85 ms at 48 kHz: all of what was said between two looks.
    context.createMediaStreamSource(stream).connect(analyser);
    const wave = new Float32Array(analyser.fftSize);
    return {
      read() {
        analyser.getFloatTimeDomainData(wave);
        const power = wave.reduce((sum, value) => sum + value * value, 0) / wave.length;
        return Math.min(1, Math.sqrt(power) * 4);
      },
      close: () => void context.close(),
    };
  },
};
