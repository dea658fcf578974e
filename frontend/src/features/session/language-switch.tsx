import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { chooseLanguage, useLanguage } from "@/i18n/i18n";
import { LANGUAGE_NAMES, LANGUAGES } from "@/i18n/languages";

export function LanguageSwitch() {
  const { t } = useTranslation();
  const current = useLanguage();
  return (
    <div role="group" aria-label={t("account.language")} className="flex gap-1 text-[13px]">
      {LANGUAGES.map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={language === current}
          onClick={() => chooseLanguage(language)}
          className={cn("rounded px-2 py-1 text-ink-soft hover:text-ink", language === current && "font-medium text-ink")}
        >
          {LANGUAGE_NAMES[language]}
        </button>
      ))}
    </div>
  );
}
