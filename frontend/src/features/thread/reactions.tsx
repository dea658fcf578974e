import { useTranslation } from "react-i18next";
import type { Reaction } from "@/api/wire.gen";

function grouped(reactions: Reaction[]): [string, string[]][] {
  const names = new Map<string, string[]>();
  for (const { emoji, by } of reactions) names.set(emoji, [...(names.get(emoji) ?? []), by]);
  return [...names];
}

/** One chip for each emoji; its title says whose it is. */
export function Reactions({ reactions }: { reactions: Reaction[] }) {
  const { t } = useTranslation();
  if (reactions.length === 0) return null;
  return (
    <ul aria-label={t("thread.reactions")} className="clear-both -mb-3.5 flex gap-1 pt-1">
      {grouped(reactions).map(([emoji, names]) => {
        const label = t("thread.reaction", { emoji, names: names.join(", ") });
        return (
          <li
            key={emoji}
            aria-label={label}
            title={label}
            className="flex h-6 items-center gap-1 rounded-full border border-line bg-raised px-1.5 text-[13px] shadow-xs"
          >
            <span>{emoji}</span>
            {names.length > 1 && <span className="text-[11px] text-ink-soft tabular-nums">{names.length}</span>}
          </li>
        );
      })}
    </ul>
  );
}
