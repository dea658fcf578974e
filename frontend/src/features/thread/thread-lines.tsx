import { ChevronDown } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useLanguage } from "@/i18n/i18n";
import { formatDay } from "@/lib/format";
import { Spinner } from "@/ui/spinner";

export function DayLine({ at }: { at: string }) {
  const language = useLanguage();
  return (
    <div role="separator" className="flex justify-center pt-4 pb-1">
      <time dateTime={at} className="rounded-full bg-sunken px-2.5 py-0.5 text-xs text-ink-soft first-letter:uppercase inline-block">
        {formatDay(at, language)}
      </time>
    </div>
  );
}

export function UnreadLine({ count }: { count: number }) {
  const { t } = useTranslation();
  return (
    <div role="separator" className="flex items-center gap-3 px-6 pt-4 pb-1 text-xs font-medium text-accent">
      <span className="h-px flex-1 bg-accent/30" />
      {t("thread.unreadLine", { count })}
      <span className="h-px flex-1 bg-accent/30" />
    </div>
  );
}

export function StartLine() {
  const { t } = useTranslation();
  return <p className="pt-4 text-center text-xs text-ink-faint">{t("thread.start")}</p>;
}

export function OlderLine() {
  const { t } = useTranslation();
  return (
    <div className="pointer-events-none absolute inset-x-0 top-2 z-10 flex justify-center">
      <span className="rounded-full bg-raised p-1.5 shadow">
        <Spinner label={t("thread.older")} />
      </span>
    </div>
  );
}

export function ToEnd({ count, onPress }: { count: number; onPress: () => void }) {
  const { t } = useTranslation();
  return (
    <button
      type="button"
      onClick={onPress}
      aria-label={count > 0 ? `${t("thread.toEnd")}: ${t("thread.newBelow", { count })}` : t("thread.toEnd")}
      className="absolute right-5 bottom-4 flex h-9 min-w-9 items-center justify-center gap-1 rounded-full border border-line bg-raised px-2 text-[13px] font-medium text-ink-soft shadow-md shadow-black/10 hover:text-ink"
    >
      {count > 0 && <span className="pl-1 text-accent tabular-nums">{count}</span>}
      <ChevronDown className="size-[18px]" aria-hidden />
    </button>
  );
}
