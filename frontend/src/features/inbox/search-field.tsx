import { Search, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";

export function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  return (
    <div role="search" className="relative px-3 pb-2">
      <Search className="pointer-events-none absolute top-2 left-5.5 size-4 text-ink-faint" aria-hidden />
      <input
        type="text"
        role="searchbox"
        aria-label={t("inbox.search")}
        placeholder={t("inbox.search")}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && onChange("")}
        className="h-8 w-full rounded-md bg-sunken pr-8 pl-8 text-[13px] outline-none placeholder:text-ink-faint focus:ring-2 focus:ring-accent/50"
      />
      {value && (
        <Button size="icon" className="absolute top-0 right-3" aria-label={t("inbox.clear")} onClick={() => onChange("")}>
          <X className="size-3.5" aria-hidden />
        </Button>
      )}
    </div>
  );
}
