import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LONGEST_SECONDS, VoiceRecorder, waveformOf, type Studio } from "@/features/composer/recorder";
import { VoiceBar } from "@/features/composer/voice-bar";
import { useSyncExternalStore } from "react";

class FakeRecorder extends EventTarget {
  state: "inactive" | "recording" | "paused" = "inactive";
  mimeType = "audio/webm;codecs=opus";
  start = vi.fn(() => (this.state = "recording"));
  pause = vi.fn(() => (this.state = "paused"));
  resume = vi.fn(() => (this.state = "recording"));
  stop = vi.fn(() => {
    this.state = "inactive";
    this.dispatchEvent(Object.assign(new Event("dataavailable"), { data: new Blob(["voice"]) }));
    this.dispatchEvent(new Event("stop"));
  });
}

function aStudio(open?: () => Promise<MediaStream>) {
  const track = Object.assign(new EventTarget(), { stop: vi.fn() });
  const device = new FakeRecorder();
  const meter = { read: vi.fn(() => 0.5), close: vi.fn() };
  const studio: Studio = {
    open: open ?? (() => Promise.resolve({ getTracks: () => [track] } as unknown as MediaStream)),
    record: () => device as unknown as MediaRecorder,
    meter: () => meter,
  };
  return { studio, device, track, meter, recorder: new VoiceRecorder(studio) };
}

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  URL.createObjectURL = vi.fn(() => "blob:voice");
  URL.revokeObjectURL = vi.fn();
});
afterEach(() => vi.useRealTimers());

describe("the recorder", () => {
  it("counts only what was said, not the pauses", async () => {
    const { recorder, device } = aStudio();
    await recorder.start();
    vi.advanceTimersByTime(2_000);
    recorder.pause();
    vi.advanceTimersByTime(10_000);
    expect(recorder.getSnapshot()).toMatchObject({ name: "paused", seconds: 2 });
    recorder.resume();
    vi.advanceTimersByTime(1_000);
    const recording = await recorder.take();
    expect(recording).toMatchObject({ seconds: 3, type: "audio/webm", name: "voice.webm" });
    expect(recording?.waveform).toHaveLength(64);
    expect([device.pause, device.resume].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  it("makes no address of what is sent unheard", async () => {
    const { recorder } = aStudio();
    await recorder.start();
    expect(await recorder.take()).not.toBeNull();
    expect(URL.createObjectURL).not.toHaveBeenCalled();
    expect(recorder.getSnapshot().name).toBe("idle");
  });

  it("lets go of the microphone when it ends, however it ends", async () => {
    for (const end of ["finish", "cancel"] as const) {
      const { recorder, track, meter } = aStudio();
      await recorder.start();
      await recorder[end]();
      expect(track.stop).toHaveBeenCalled();
      expect(meter.close).toHaveBeenCalled();
    }
  });

  it.each([
    ["NotAllowedError", "microphone_denied"],
    ["NotFoundError", "microphone_missing"],
    ["AbortError", "recording_failed"],
  ])("says why there is none: %s", async (name, code) => {
    const { recorder } = aStudio(() => Promise.reject(new DOMException("", name)));
    await recorder.start();
    expect(recorder.getSnapshot()).toEqual({ name: "refused", code });
  });

  it("takes no microphone that was allowed after it was cancelled", async () => {
    const track = { stop: vi.fn(), addEventListener: vi.fn() };
    let allow: (stream: MediaStream) => void = () => undefined;
    const { recorder } = aStudio(() => new Promise((resolve) => (allow = resolve)));
    const starting = recorder.start();
    recorder.cancel();
    allow({ getTracks: () => [track] } as unknown as MediaStream);
    await starting;
    expect(track.stop).toHaveBeenCalled();
    expect(recorder.getSnapshot().name).toBe("idle");
  });

  it("keeps what was said when the microphone is pulled out", async () => {
    const { recorder, track } = aStudio();
    await recorder.start();
    vi.advanceTimersByTime(1_000);
    track.dispatchEvent(new Event("ended"));
    await vi.advanceTimersByTimeAsync(0);
    expect(recorder.getSnapshot()).toMatchObject({ name: "ready", recording: { seconds: 1 } });
  });

  it("ends by itself when it has become too long", async () => {
    const { recorder } = aStudio();
    await recorder.start();
    vi.setSystemTime(Date.now() + LONGEST_SECONDS * 1000);
    await vi.advanceTimersByTimeAsync(200);
    expect(recorder.getSnapshot().name).toBe("ready");
  });

  it("draws the loudest of each stretch", () => {
    const levels = Array.from({ length: 128 }, (_, index) => (index === 64 ? 1 : 0.1));
    const waveform = waveformOf(levels);
    expect(waveform).toHaveLength(64);
    expect(waveform.indexOf(100)).toBe(32);
    expect(waveformOf([])).toEqual(Array.from({ length: 64 }, () => 0));
  });
});

function Bar({ recorder, onSend }: { recorder: VoiceRecorder; onSend: () => void }) {
  const state = useSyncExternalStore(recorder.subscribe, recorder.getSnapshot);
  return state.name === "idle" ? null : <VoiceBar recorder={recorder} state={state} onSend={onSend} onEnd={() => undefined} />;
}

describe("its bar", () => {
  const user = () => userEvent.setup({ advanceTimers: vi.advanceTimersByTime });

  async function show() {
    const { recorder, device } = aStudio();
    const onSend = vi.fn();
    render(<Bar recorder={recorder} onSend={onSend} />);
    await act(() => recorder.start());
    act(() => void vi.advanceTimersByTime(1_100));
    return { device, onSend };
  }

  it("shows how long and how loud it is, pauses and goes on", async () => {
    const { device } = await show();
    expect(screen.getByRole("timer")).toHaveTextContent("0:01");
    expect(screen.getByRole("meter", { name: "Volume" })).toHaveAttribute("aria-valuenow", "50");
    await user().click(screen.getByRole("button", { name: "Pausar a gravação" }));
    expect(device.state).toBe("paused");
    await user().click(screen.getByRole("button", { name: "Continuar a gravação" }));
    expect(device.state).toBe("recording");
  });

  it("lets it be heard before it is sent", async () => {
    const play = vi.fn(() => Promise.resolve());
    HTMLMediaElement.prototype.play = play;
    const { onSend } = await show();
    await user().click(screen.getByRole("button", { name: "Ouvir antes de enviar" }));
    await user().click(screen.getByRole("button", { name: "Tocar" }));
    expect(play).toHaveBeenCalled();
    await user().click(screen.getByRole("button", { name: "Enviar a mensagem de voz" }));
    expect(onSend).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ type: "audio/webm" }));
    expect(screen.queryByRole("group")).not.toBeInTheDocument();
  });

  it("is cancelled without a trace", async () => {
    const { onSend } = await show();
    await user().click(screen.getByRole("button", { name: "Cancelar a gravação" }));
    expect(onSend).not.toHaveBeenCalled();
    expect(screen.queryByRole("group")).not.toBeInTheDocument();
  });

  it("says that the microphone is blocked", async () => {
    const { recorder } = aStudio(() => Promise.reject(new DOMException("", "NotAllowedError")));
    render(<Bar recorder={recorder} onSend={() => undefined} />);
    await act(() => recorder.start());
    expect(screen.getByRole("alert")).toHaveTextContent("O microfone está bloqueado");
    await user().click(screen.getByRole("button", { name: "Fechar" }));
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });
});
