import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { useLanguage } from "@/i18n/i18n";
import { fold } from "@/lib/fold";
import { EMOJI_GROUPS } from "@/ui/emoji-data";
import { emojiOf } from "@/ui/emoji-quick";

interface Emoji {
  emoji: string;
  pt: string;
  en: string;
  found: string;
}

type GroupName = keyof typeof EMOJI_GROUPS;

function parse(text: string): Emoji[] {
  return text
    .split(/[;\n]/)
    .filter(Boolean)
    .map((line) => {
      const [points = "", pt = "", en = ""] = line.split("|");
      return { emoji: emojiOf(points), pt, en, found: fold(`${pt} ${en}`) };
    });
}

const GROUPS = (Object.keys(EMOJI_GROUPS) as GroupName[]).map((name) => ({ name, all: parse(EMOJI_GROUPS[name]) }));
const COLUMNS = 8;

/** Every word that was typed begins one of its words. */
export function searchEmoji(query: string): { name: GroupName; all: Emoji[] }[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  const fits = ({ found }: Emoji): boolean => words.every((word) => ` ${found}`.includes(` ${word}`));
  return GROUPS.map(({ name, all }) => ({ name, all: all.filter(fits) })).filter(({ all }) => all.length > 0);
}

export function EmojiGrid({ onPick }: { onPick: (emoji: string) => void }) {
  const { t } = useTranslation();
  const [query, setQuery] = useState("");
  const groups = useMemo(() => searchEmoji(query), [query]);
  const grid = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!window.matchMedia("(pointer: coarse)").matches) search.current?.focus();
  }, []);

  function onSearchKey(event: KeyboardEvent): void {
    const first = groups[0]?.all[0];
    if (event.key === "Enter" && first) onPick(first.emoji);
    if (event.key === "ArrowDown") grid.current?.querySelector("button")?.focus();
    if (event.key === "Enter" || event.key === "ArrowDown") event.preventDefault();
  }

  return (
    <>
      <div className="p-2 pb-1">
        <input
          ref={search}
          type="text"
          role="searchbox"
          aria-label={t("emoji.search")}
          placeholder={t("emoji.search")}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={onSearchKey}
          className="h-8 w-full rounded-md bg-sunken px-2.5 text-[13px] outline-none placeholder:text-ink-faint focus:ring-2 focus:ring-accent/50"
        />
      </div>
      <div ref={grid} className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 pb-2">
        {groups.map(({ name, all }) => (
          <Group key={name} name={t(`emoji.groups.${name}`)} all={all} onPick={onPick} />
        ))}
        {groups.length === 0 && <p className="p-4 text-center text-[13px] text-ink-soft">{t("emoji.nothing")}</p>}
      </div>
    </>
  );
}

function Group({ name, all, onPick }: { name: string; all: Emoji[]; onPick: (emoji: string) => void }) {
  const isPortuguese = useLanguage().startsWith("pt");
  return (
    <section aria-label={name}>
      <h3 className="sticky top-0 bg-raised pt-1.5 pb-1 text-xs font-medium text-ink-faint">{name}</h3>
      <div className="grid grid-cols-8">
        {all.map(({ emoji, pt, en }) => (
          <button
            key={emoji}
            type="button"
            title={isPortuguese ? pt : en}
            aria-label={`${emoji} ${isPortuguese ? pt : en}`}
            onClick={() => onPick(emoji)}
            onKeyDown={moveFocus}
            className="grid aspect-square place-items-center rounded-md text-[22px] leading-none outline-offset-[-2px] hover:bg-sunken focus-visible:bg-sunken"
          >
            {emoji}
          </button>
        ))}
      </div>
    </section>
  );
}

/** Arrows walk through all of the grid, over the groups. */
function moveFocus(event: KeyboardEvent<HTMLButtonElement>): void {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
  const box = event.currentTarget.closest("section")?.parentElement;
  if (step === undefined || !box) return;
  event.preventDefault();
  const all = [...box.querySelectorAll("button")];
  all[all.indexOf(event.currentTarget) + step]?.focus();
}
