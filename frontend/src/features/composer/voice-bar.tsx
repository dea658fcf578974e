import { CircleAlert, Mic, Pause, Play, SendHorizontal, Square, Trash2, X, type LucideIcon } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { LevelBars } from "@/features/composer/level-bars";
import type { Recording, RecorderState, VoiceRecorder } from "@/features/composer/recorder";
import { useErrorText } from "@/i18n/use-error-text";
import { cn } from "@/lib/cn";
import { formatDuration } from "@/lib/format";
import { Button } from "@/ui/button";
import { Spinner } from "@/ui/spinner";

interface Props {
  recorder: VoiceRecorder;
  state: Exclude<RecorderState, { name: "idle" }>;
  onSend: (recording: Recording) => void;
  /** It is over: the focus goes elsewhere. */
  onEnd: () => void;
}

/** In the composer's place while a voice is recorded, heard and sent. */
export function VoiceBar({ recorder, state, onSend, onEnd }: Props) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const end = useEffectEvent(onEnd);
  useEffect(() => {
    box.current?.focus();
    return () => end();
  }, []);

  async function send(): Promise<void> {
    const recording = await recorder.take();
    if (recording) onSend(recording);
  }

  return (
    <div
      ref={box}
      role="group"
      tabIndex={-1}
      aria-label={t("voice.label")}
      className="flex h-10 items-center gap-1.5 outline-none"
    >
      {state.name !== "refused" && (
        <Round icon={Trash2} label={t("voice.cancel")} onPress={() => recorder.cancel()} className="text-danger" />
      )}
      <Inside recorder={recorder} state={state} />
      {state.name !== "asking" && state.name !== "refused" && (
        <Button tone="primary" size="touch" className="rounded-full" aria-label={t("voice.send")} onClick={() => void send()}>
          <SendHorizontal className="size-5" aria-hidden />
        </Button>
      )}
    </div>
  );
}

function Inside({ recorder, state }: Omit<Props, "onSend" | "onEnd">) {
  const { t } = useTranslation();
  switch (state.name) {
    case "asking":
      return (
        <p className="flex flex-1 items-center gap-2 text-ink-soft">
          <Spinner label={t("voice.asking")} />
          {t("voice.asking")}
        </p>
      );
    case "recording":
    case "paused":
      return <Taking recorder={recorder} state={state} />;
    case "ready":
      return <Hearing recording={state.recording} url={state.url} />;
    case "refused":
      return <Refused code={state.code} onClose={() => recorder.cancel()} />;
  }
}

type Taken = Extract<RecorderState, { levels: readonly number[] }>;

function Taking({ recorder, state }: { recorder: VoiceRecorder; state: Taken }) {
  const { t } = useTranslation();
  const isPaused = state.name === "paused";
  const level = state.levels.at(-1) ?? 0;
  return (
    <>
      <span className={cn("size-2.5 shrink-0 rounded-full bg-danger", isPaused ? "opacity-30" : "animate-pulse")} aria-hidden />
      <span role="status" className="sr-only">
        {isPaused ? t("voice.paused") : t("voice.recording")}
      </span>
      <Clock seconds={state.seconds} />
      <div
        role="meter"
        aria-label={t("voice.level")}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={isPaused ? 0 : Math.round(level * 100)}
        className="flex min-w-0 flex-1"
      >
        <LevelBars levels={state.levels} className={cn(isPaused && "opacity-50")} />
      </div>
      {isPaused ? (
        <Round icon={Mic} label={t("voice.resume")} onPress={() => recorder.resume()} className="text-danger" />
      ) : (
        <Round icon={Pause} label={t("voice.pause")} onPress={() => recorder.pause()} />
      )}
      <Round icon={Square} label={t("voice.listen")} onPress={() => void recorder.finish()} />
    </>
  );
}

/** What was recorded, as the customer will hear it. */
function Hearing({ recording, url }: { recording: Recording; url: string }) {
  const { t } = useTranslation();
  const audio = useRef<HTMLAudioElement>(null);
  const [heard, setHeard] = useState<{ phase: "still" | "playing"; at: number }>({ phase: "still", at: 0 });
  const isPlaying = heard.phase === "playing";
  const levels = recording.waveform.map((value) => value / 100);
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/media-has-caption -- somebody's own voice, a moment ago */}
      <audio
        ref={audio}
        src={url}
        onPlay={() => setHeard((now) => ({ ...now, phase: "playing" }))}
        onPause={() => setHeard((now) => ({ ...now, phase: "still" }))}
        onEnded={() => setHeard({ phase: "still", at: 0 })}
        onTimeUpdate={() => setHeard((now) => ({ ...now, at: audio.current?.currentTime ?? 0 }))}
      />
      <Round
        icon={isPlaying ? Pause : Play}
        label={isPlaying ? t("voice.stop") : t("voice.play")}
        onPress={() => void (isPlaying ? audio.current?.pause() : audio.current?.play())}
        className="text-accent"
      />
      <LevelBars levels={levels} played={recording.seconds > 0 ? heard.at / recording.seconds : 0} />
      <Clock seconds={isPlaying ? heard.at : recording.seconds} />
    </>
  );
}

function Clock({ seconds }: { seconds: number }) {
  const { t } = useTranslation();
  return (
    <span role="timer" aria-label={t("voice.time")} className="w-11 shrink-0 text-center text-[13px] tabular-nums">
      {formatDuration(seconds)}
    </span>
  );
}

function Refused({ code, onClose }: { code: string; onClose: () => void }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  return (
    <>
      <p role="alert" className="flex min-w-0 flex-1 items-center gap-2 text-[13px] text-danger">
        <CircleAlert className="size-4 shrink-0" aria-hidden />
        {errorText(code)}
      </p>
      <Round icon={X} label={t("common.close")} onPress={onClose} />
    </>
  );
}

interface RoundProps {
  icon: LucideIcon;
  label: string;
  onPress: () => void;
  className?: string;
}

function Round({ icon: Icon, label, onPress, className }: RoundProps) {
  return (
    <Button size="touch" className={cn("rounded-full", className)} aria-label={label} onClick={onPress}>
      <Icon className="size-5" aria-hidden />
    </Button>
  );
}
