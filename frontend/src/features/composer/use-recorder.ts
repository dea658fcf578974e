import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { TypingState } from "@/api/shapes";
import { VoiceRecorder, type RecorderState } from "@/features/composer/recorder";
import { studio } from "@/features/composer/studio";

const SAY_EVERY_MS = 3_000;

/** One recorder for each open thread; whoever leaves the thread stops recording. */
export function useRecorder(typing: (state: TypingState) => void): { recorder: VoiceRecorder; state: RecorderState } {
  const recorder = useMemo(() => new VoiceRecorder(studio), []);
  const state = useSyncExternalStore(recorder.subscribe, recorder.getSnapshot);
  useEffect(() => () => recorder.cancel(), [recorder]);
  const isRecording = state.name === "recording";
  useEffect(() => {
    if (!isRecording) return;
    typing("recording");
    const timer = setInterval(() => typing("recording"), SAY_EVERY_MS);
    return () => {
      clearInterval(timer);
      typing("paused");
    };
  }, [isRecording, typing]);
  return { recorder, state };
}
