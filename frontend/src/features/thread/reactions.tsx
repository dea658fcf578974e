import { useTranslation } from "react-i18next";
import { useMe } from "@/api/queries";
import type { Message, Reaction } from "@/api/wire.gen";
import { ownReaction, useDeeds } from "@/features/thread/use-deeds";
import { cn } from "@/lib/cn";

function grouped(reactions: Reaction[]): [string, string[]][] {
  const names = new Map<string, string[]>();
  for (const { emoji, by } of reactions) names.set(emoji, [...(names.get(emoji) ?? []), by]);
  return [...names];
}

/** One chip for each emoji; its title says whose it is. Pressed, it is given or taken back. */
export function Reactions({ message }: { message: Message }) {
  return message.reactions.length > 0 && !message.deleted_at ? <Chips message={message} /> : null;
}

function Chips({ message }: { message: Message }) {
  const { t } = useTranslation();
  const { react } = useDeeds(message);
  const own = ownReaction(message, useMe().user.name);
  return (
    <ul aria-label={t("thread.reactions")} className="clear-both -mb-3.5 flex gap-1 pt-1">
      {grouped(message.reactions).map(([emoji, names]) => {
        const label = t("thread.reaction", { emoji, names: names.join(", ") });
        const isOwn = own === emoji;
        return (
          <li key={emoji} aria-label={label} title={label}>
            <button
              type="button"
              aria-label={isOwn ? t("actions.unreact", { emoji }) : t("actions.react", { emoji })}
              onClick={() => react(isOwn ? "" : emoji)}
              className={cn(
                "flex h-6 items-center gap-1 rounded-full border bg-raised px-1.5 text-[13px] shadow-xs",
                isOwn ? "border-accent" : "border-line",
              )}
            >
              <span>{emoji}</span>
              {names.length > 1 && <span className="text-[11px] text-ink-soft tabular-nums">{names.length}</span>}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
