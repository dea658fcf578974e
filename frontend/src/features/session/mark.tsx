import { useTranslation } from "react-i18next";

/** The product's sign and name. */
export function Mark() {
  const { t } = useTranslation();
  return (
    <span className="flex items-center gap-2.5">
      <svg viewBox="0 0 32 32" className="size-7 text-accent" aria-hidden>
        <path
          d="M5 4h22a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H15l-7 6v-6H5a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3Z"
          fill="currentColor"
        />
        <path d="M9 12.5h14M9 17h9" stroke="var(--on-accent)" strokeWidth="2.4" strokeLinecap="round" fill="none" />
      </svg>
      <span className="font-semibold tracking-tight">{t("product")}</span>
    </span>
  );
}
