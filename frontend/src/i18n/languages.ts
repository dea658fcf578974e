export const LANGUAGES = ["pt-BR", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language by its own name. */
export const LANGUAGE_NAMES: Record<Language, string> = { "pt-BR": "Português", en: "English" };

const KEY = "language";

function isLanguage(value: string | null): value is Language {
  return LANGUAGES.some((language) => language === value);
}

/** What the person chose; else what their browser asks for; else Portuguese. */
export function firstLanguage(): Language {
  const kept = localStorage.getItem(KEY);
  if (isLanguage(kept)) return kept;
  for (const wanted of navigator.languages) {
    if (wanted.startsWith("pt")) return "pt-BR";
    if (wanted.startsWith("en")) return "en";
  }
  return "pt-BR";
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
}
