import { EyeOff, Forward, Megaphone, type LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Message } from "@/api/wire.gen";
import { adOf } from "@/features/thread/kind-data";

/** How a message came to be: forwarded, to be seen once, from an advertisement. */
export function Marks({ data }: { data: Message["data"] }) {
  const { t } = useTranslation();
  const ad = adOf(data);
  return (
    <>
      {data.forwarded === true && <Mark icon={Forward} text={t("thread.forwarded")} />}
      {data.view_once === true && <Mark icon={EyeOff} text={t("thread.viewOnce")} />}
      {ad && <Mark icon={Megaphone} text={t("thread.ad", { title: ad })} />}
    </>
  );
}

function Mark({ icon: Icon, text }: { icon: LucideIcon; text: string }) {
  return (
    <p className="flex items-center gap-1 px-0.5 text-xs text-ink-soft">
      <Icon className="size-3.5 shrink-0" aria-hidden />
      <span className="min-w-0 truncate">{text}</span>
    </p>
  );
}
