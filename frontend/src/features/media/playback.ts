import { useReducer, useRef } from "react";

export const SPEEDS = [1, 1.5, 2] as const;
export type Speed = (typeof SPEEDS)[number];

export interface Playback {
  phase: "paused" | "playing" | "failed";
  elapsed: number;
  total: number;
  speed: Speed;
}

export type PlaybackNews =
  | { type: "played" }
  | { type: "paused" }
  | { type: "ended" }
  | { type: "failed" }
  | { type: "moved"; to: number }
  | { type: "measured"; total: number }
  | { type: "sped"; speed: Speed };

export function playbackReducer(state: Playback, news: PlaybackNews): Playback {
  switch (news.type) {
    case "played":
      return { ...state, phase: "playing" };
    case "paused":
      return { ...state, phase: "paused" };
    case "ended":
      return { ...state, phase: "paused", elapsed: 0 };
    case "failed":
      return { ...state, phase: "failed" };
    case "moved":
      return { ...state, elapsed: Math.min(Math.max(0, news.to), state.total || news.to) };
    case "measured":
      return Number.isFinite(news.total) && news.total > 0 ? { ...state, total: news.total } : state;
    case "sped":
      return { ...state, speed: news.speed };
  }
}

export function nextSpeed(speed: Speed): Speed {
  return SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length] ?? 1;
}

/** Two voices at once is noise: the one that starts silences the other. */
let speaking: HTMLAudioElement | null = null;

/** An audio element and what is known of it. `duration` comes from the payload, before a byte is loaded. */
export function usePlayback(duration: number | null | undefined) {
  const audio = useRef<HTMLAudioElement>(null);
  const [state, tell] = useReducer(playbackReducer, {
    phase: "paused",
    elapsed: 0,
    total: duration ?? 0,
    speed: 1,
  });

  function toggle(): void {
    const element = audio.current;
    if (!element) return;
    if (state.phase === "playing") {
      element.pause();
      return;
    }
    if (speaking !== element) speaking?.pause();
    speaking = element;
    element.playbackRate = state.speed;
    void Promise.resolve(element.play()).catch((reason: unknown) => {
      // A pause that overtakes the play is no failure.
      if (!(reason instanceof DOMException && reason.name === "AbortError")) tell({ type: "failed" });
    });
  }

  function seek(to: number): void {
    const within = Math.min(Math.max(0, to), state.total);
    if (audio.current) audio.current.currentTime = within;
    tell({ type: "moved", to: within });
  }

  function faster(): void {
    const speed = nextSpeed(state.speed);
    if (audio.current) audio.current.playbackRate = speed;
    tell({ type: "sped", speed });
  }

  const events = {
    onPlay: () => tell({ type: "played" }),
    onPause: () => tell({ type: "paused" }),
    onEnded: () => tell({ type: "ended" }),
    onTimeUpdate: () => tell({ type: "moved", to: audio.current?.currentTime ?? 0 }),
    onDurationChange: () => tell({ type: "measured", total: audio.current?.duration ?? 0 }),
  };
  return { audio, state, toggle, seek, faster, events };
}
