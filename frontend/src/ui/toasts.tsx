import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { Listeners } from "@/lib/listeners";
import { Button } from "@/ui/button";

export interface Toast {
  tone: "plain" | "danger";
  text: string;
}

interface Shown extends Toast {
  id: number;
}

const LASTS_MS = { plain: 4_000, danger: 8_000 };
const MOST = 3;

class Toasts {
  private all: readonly Shown[] = [];
  private count = 0;
  private readonly listeners = new Listeners();

  readonly subscribe = this.listeners.subscribe;
  readonly getSnapshot = (): readonly Shown[] => this.all;

  say(toast: Toast): void {
    const id = (this.count += 1);
    this.all = [...this.all.filter(({ text }) => text !== toast.text), { ...toast, id }].slice(-MOST);
    setTimeout(() => this.drop(id), LASTS_MS[toast.tone]);
    this.listeners.tell();
  }

  readonly drop = (id: number): void => {
    this.all = this.all.filter((toast) => toast.id !== id);
    this.listeners.tell();
  };
}

const toasts = new Toasts();

/** Says something that has no place of its own on the page. */
export function sayToast(toast: Toast): void {
  toasts.say(toast);
}

export function ToastCorner() {
  const { t } = useTranslation();
  const all = useSyncExternalStore(toasts.subscribe, toasts.getSnapshot);
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-20 z-50 flex flex-col items-center gap-2 px-4">
      {all.map(({ id, tone, text }) => {
        const Icon = tone === "danger" ? CircleAlert : CircleCheck;
        return (
          <div
            key={id}
            className="pointer-events-auto flex max-w-md items-center gap-2.5 rounded-lg border border-line bg-raised py-1.5 pr-1.5 pl-3 text-[13px] shadow-lg shadow-black/15"
          >
            <Icon className={cn("size-4 shrink-0", tone === "danger" ? "text-danger" : "text-accent")} aria-hidden />
            <span className="min-w-0">{text}</span>
            <Button size="icon" className="size-7" aria-label={t("common.close")} onClick={() => toasts.drop(id)}>
              <X className="size-3.5" aria-hidden />
            </Button>
          </div>
        );
      })}
    </div>
  );
}
