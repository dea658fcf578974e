import { useTranslation } from "react-i18next";
import type { Quoted } from "@/api/wire.gen";
import { plainText } from "@/lib/whatsapp-text";
import { KindIcon } from "@/ui/kind-icon";

/** What this message answers. */
export function Quote({ quoted }: { quoted: Quoted }) {
  const { t, i18n } = useTranslation();
  const kind = i18n.exists(`kinds.${quoted.kind}`) ? quoted.kind : "unsupported";
  return (
    <blockquote className="mb-1 w-0 min-w-[max(100%,13rem)] rounded-md border-l-[3px] border-accent/70 bg-ink/5 px-2.5 py-1.5 text-[13px] text-ink-soft">
      <span className="flex items-center gap-1.5">
        <KindIcon kind={quoted.kind} className="size-3.5 shrink-0" />
        <span className="line-clamp-2 min-w-0">{quoted.text ? plainText(quoted.text) : t(`kinds.${kind}`)}</span>
      </span>
    </blockquote>
  );
}
