import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Spinner } from "@/ui/spinner";

const Grid = lazy(async () => ({ default: (await import("@/ui/emoji-grid")).EmojiGrid }));

/** A small set of emoji with a search; its words are fetched when it is opened. */
export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const { t } = useTranslation();
  return (
    <section aria-label={t("emoji.label")} className="flex h-80 w-[min(21rem,calc(100vw-2rem))] flex-col">
      <Suspense
        fallback={
          <div className="grid flex-1 place-items-center">
            <Spinner label={t("common.loading")} />
          </div>
        }
      >
        <Grid onPick={onPick} />
      </Suspense>
    </section>
  );
}
