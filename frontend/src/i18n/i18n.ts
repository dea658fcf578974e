import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import en from "@/i18n/en";
import { firstLanguage, keepLanguage, LANGUAGES, type Language } from "@/i18n/languages";
import ptBr, { type Texts } from "@/i18n/pt-br";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: Texts };
  }
}

function markDocument(language: string): void {
  document.documentElement.lang = language;
}

export async function startI18n(language: Language = firstLanguage()): Promise<void> {
  i18next.on("languageChanged", markDocument);
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: "pt-BR",
    supportedLngs: LANGUAGES,
    resources: { "pt-BR": { translation: ptBr }, en: { translation: en } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
}

export function chooseLanguage(language: Language): void {
  keepLanguage(language);
  void i18next.changeLanguage(language);
}

/** The language that is shown, for dates, numbers and sizes. */
export function useLanguage(): string {
  return useTranslation().i18n.language;
}
