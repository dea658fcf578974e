import { Listeners } from "@/lib/listeners";

export interface Recording {
  blob: Blob;
  /** Without parameters: `audio/webm`. */
  type: string;
  name: string;
  seconds: number;
  /** 64 steps of 0 to 100. */
  waveform: number[];
}

export type RecorderRefusal = "microphone_denied" | "microphone_missing" | "recording_failed";

export type RecorderState =
  | { name: "idle" }
  | { name: "asking" }
  | { name: "recording" | "paused"; seconds: number; levels: readonly number[] }
  | { name: "ready"; recording: Recording; url: string }
  | { name: "refused"; code: RecorderRefusal };

export interface Meter {
  /** How loud it is now, 0 to 1. */
  read: () => number;
  close: () => void;
}

export interface Studio {
  open: () => Promise<MediaStream>;
  record: (stream: MediaStream) => MediaRecorder;
  meter: (stream: MediaStream) => Meter;
}

export const LONGEST_SECONDS = 15 * 60;
const TICK_MS = 80;
const WAVEFORM_STEPS = 64;
const NAMES: Record<string, string> = { "audio/webm": "voice.webm", "audio/mp4": "voice.m4a", "audio/ogg": "voice.ogg" };

/** The loudest of each of 64 stretches. */
export function waveformOf(levels: readonly number[]): number[] {
  return Array.from({ length: WAVEFORM_STEPS }, (_, index) => {
    const from = Math.floor((index * levels.length) / WAVEFORM_STEPS);
    const to = Math.max(from + 1, Math.floor(((index + 1) * levels.length) / WAVEFORM_STEPS));
    return Math.round(Math.max(0, ...levels.slice(from, to)) * 100);
  });
}

/** A voice message from the first word to the listening before it is sent. Lives outside React. */
export class VoiceRecorder {
  private readonly studio: Studio;
  private readonly listeners = new Listeners();
  private state: RecorderState = { name: "idle" };
  private stream: MediaStream | null = null;
  private recorder: MediaRecorder | null = null;
  private meter: Meter | null = null;
  private chunks: Blob[] = [];
  private levels: number[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;
  private spokenMs = 0;
  private since = 0;

  constructor(studio: Studio) {
    this.studio = studio;
  }

  readonly subscribe = this.listeners.subscribe;
  readonly getSnapshot = (): RecorderState => this.state;

  async start(): Promise<void> {
    if (this.state.name !== "idle" && this.state.name !== "refused") return;
    this.become({ name: "asking" });
    try {
      const stream = await this.studio.open();
      if (this.isAsking()) this.begin(stream);
      else stop(stream); // They have thought better of it meanwhile.
    } catch (reason) {
      if (this.isAsking()) this.refuse(refusalOf(reason));
    }
  }

  pause(): void {
    if (this.state.name !== "recording") return;
    this.recorder?.pause();
    this.spokenMs += Date.now() - this.since;
    clearInterval(this.timer);
    this.become({ ...this.state, name: "paused", seconds: this.spokenMs / 1000 });
  }

  resume(): void {
    if (this.state.name !== "paused") return;
    this.recorder?.resume();
    this.run();
  }

  /** Ends the recording; it can be heard now. */
  async finish(): Promise<void> {
    const recording = await this.end();
    if (recording) this.become({ name: "ready", recording, url: URL.createObjectURL(recording.blob) });
  }

  /** Ends the recording, heard or not, and hands it over. */
  async take(): Promise<Recording | null> {
    const recording = this.state.name === "ready" ? this.state.recording : await this.end();
    if (recording) this.cancel();
    return recording;
  }

  private async end(): Promise<Recording | null> {
    const { recorder } = this;
    if (!recorder || recorder.state === "inactive" || (this.state.name !== "recording" && this.state.name !== "paused")) return null;
    const stopped = new Promise<void>((resolve) => recorder.addEventListener("stop", () => resolve(), { once: true }));
    if (this.state.name === "recording") this.spokenMs += Date.now() - this.since;
    clearInterval(this.timer);
    recorder.stop();
    await stopped;
    return this.recorder === recorder ? this.cut(recorder) : null;
  }

  /** Forgets everything: the recording, or the refusal. */
  cancel(): void {
    if (this.state.name === "ready") URL.revokeObjectURL(this.state.url);
    this.release();
    this.become({ name: "idle" });
  }

  private begin(stream: MediaStream): void {
    this.stream = stream;
    this.chunks = [];
    this.levels = [];
    this.spokenMs = 0;
    const recorder = this.studio.record(stream);
    this.recorder = recorder;
    this.meter = this.studio.meter(stream);
    recorder.addEventListener("dataavailable", ({ data }) => {
      if (data.size > 0) this.chunks.push(data);
    });
    recorder.addEventListener("error", () => this.refuse("recording_failed"));
    // A microphone that was pulled out ends the recording, and loses nothing of it.
    for (const track of stream.getTracks()) track.addEventListener("ended", () => void this.finish());
    recorder.start(1_000);
    this.run();
  }

  private run(): void {
    this.since = Date.now();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.become({ name: "recording", seconds: this.spokenMs / 1000, levels: this.levels });
  }

  private tick(): void {
    const seconds = (this.spokenMs + Date.now() - this.since) / 1000;
    this.levels = [...this.levels, this.meter?.read() ?? 0];
    this.become({ name: "recording", seconds, levels: this.levels });
    if (seconds >= LONGEST_SECONDS) void this.finish();
  }

  private cut(recorder: MediaRecorder): Recording | null {
    const type = (recorder.mimeType.split(";")[0] ?? "").trim() || "audio/webm";
    const blob = new Blob(this.chunks, { type });
    const seconds = this.spokenMs / 1000;
    const waveform = waveformOf(this.levels);
    this.release();
    if (blob.size === 0) {
      this.refuse("recording_failed");
      return null;
    }
    return { blob, type, name: NAMES[type] ?? "voice", seconds, waveform };
  }

  private isAsking(): boolean {
    return this.state.name === "asking";
  }

  private refuse(code: RecorderRefusal): void {
    this.release();
    this.become({ name: "refused", code });
  }

  /** The microphone's light goes out. */
  private release(): void {
    clearInterval(this.timer);
    const { recorder } = this;
    this.recorder = null;
    if (recorder && recorder.state !== "inactive") recorder.stop();
    if (this.stream) stop(this.stream);
    this.meter?.close();
    this.stream = this.meter = null;
  }

  private become(state: RecorderState): void {
    this.state = state;
    this.listeners.tell();
  }
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function refusalOf(reason: unknown): RecorderRefusal {
  const name = reason instanceof DOMException ? reason.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "microphone_denied";
  return name === "NotFoundError" || name === "NotSupportedError" ? "microphone_missing" : "recording_failed";
}
