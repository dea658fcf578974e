import { useTranslation } from "react-i18next";
import type { Contact } from "@/api/wire.gen";
import { formatPhone } from "@/lib/format";

/** What to call a contact: their name, else their number, else what they are. */
export function useContactName({ name, phone, is_group: isGroup }: Contact): string {
  const { t } = useTranslation();
  return name || formatPhone(phone) || (isGroup ? t("inbox.group") : t("inbox.noName"));
}
