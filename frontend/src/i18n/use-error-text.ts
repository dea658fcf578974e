import { useTranslation } from "react-i18next";
import type { Errors } from "@/i18n/errors-pt-br";

/** A stable error code in the reader's words; one that we do not know is named, so that somebody can look it up. */
export function useErrorText(): (code: string) => string {
  const { t, i18n } = useTranslation();
  return (code) =>
    i18n.exists(`errors.${code}`) ? t(`errors.${code as keyof Errors}`, { code }) : t("errors.unknown", { code });
}
