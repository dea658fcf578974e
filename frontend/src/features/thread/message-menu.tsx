import { ChevronDown, CircleX, Copy, Pencil, Pin, PinOff, Reply, SmilePlus, Trash2, type LucideIcon } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/queries";
import type { Message } from "@/api/wire.gen";
import { deedsFor, type Deed } from "@/features/thread/permissions";
import { ownReaction, useDeeds } from "@/features/thread/use-deeds";
import { useLanguage } from "@/i18n/i18n";
import { cn } from "@/lib/cn";
import { formatDate } from "@/lib/format";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { EmojiPicker } from "@/ui/emoji-picker";
import { QUICK_EMOJI } from "@/ui/emoji-quick";
import { Menu, MenuItem, MenuLabel, MenuLine, MenuPanel, MenuTrigger } from "@/ui/menu";
import { Popover, PopoverAnchor, PopoverPanel } from "@/ui/popover";

export type MenuState = "closed" | "menu" | "emoji" | "confirm";

interface Props {
  message: Message;
  state: MenuState;
  onState: (state: MenuState) => void;
}

/** What can be done with one message: by its button, by a long press, by the keyboard. */
export function MessageMenu({ message, state, onState }: Props) {
  const { t } = useTranslation();
  const me = useMe();
  const deeds = useDeeds(message);
  const [allowed, setAllowed] = useState(() => deedsFor(message, me.user.id));
  const isLeaving = useRef(false);
  if (deedsFor(message, me.user.id).size === 0) return null;

  function toggle(isOpen: boolean): void {
    // Terms run out while a thread is open: asked when the menu opens.
    if (isOpen) setAllowed(deedsFor(message, me.user.id));
    isLeaving.current = false;
    onState(isOpen ? "menu" : "closed");
  }

  /** The focus goes where the deed leads, not back to the button. */
  function leadOn(deed: () => void): void {
    isLeaving.current = true;
    deed();
  }

  return (
    <Popover open={state === "emoji"} onOpenChange={(isOpen) => onState(isOpen ? "emoji" : "closed")}>
      <Menu open={state === "menu"} onOpenChange={toggle}>
        <PopoverAnchor asChild>
          <MenuTrigger asChild>
            <MenuButton side={message.direction} />
          </MenuTrigger>
        </PopoverAnchor>
        <MenuPanel
          align={message.direction === "outgoing" ? "end" : "start"}
          className="min-w-56"
          onCloseAutoFocus={(event) => isLeaving.current && event.preventDefault()}
        >
          {allowed.has("react") && <QuickRow message={message} react={deeds.react} onMore={() => leadOn(() => onState("emoji"))} />}
          <Deeds
            allowed={allowed}
            onDeed={{
              reply: () => leadOn(deeds.reply),
              copy: deeds.copy,
              pin: deeds.pin,
              unpin: deeds.unpin,
              cancel: deeds.cancel,
              edit: () => leadOn(deeds.edit),
              delete: () => leadOn(() => onState("confirm")),
            }}
          />
          <Term message={message} />
        </MenuPanel>
      </Menu>
      <PopoverPanel>
        <EmojiPicker
          onPick={(emoji) => {
            onState("closed");
            deeds.react(emoji);
          }}
        />
      </PopoverPanel>
      {state === "confirm" && (
        <Confirm
          title={t("actions.deleteTitle")}
          hint={t("actions.deleteHint")}
          yes={t("actions.deleteYes")}
          onYes={deeds.remove}
          onClose={() => onState("closed")}
        />
      )}
    </Popover>
  );
}

function MenuButton({ side, ...rest }: { side: Message["direction"] } & React.ComponentProps<typeof Button>) {
  const { t } = useTranslation();
  return (
    <Button
      size="icon"
      aria-label={t("actions.menu")}
      {...rest}
      className={cn(
        "absolute top-0 size-7 rounded-full bg-canvas/80 opacity-0 group-hover/row:opacity-100 focus-visible:opacity-100 data-[state=open]:opacity-100",
        "pointer-coarse:pointer-events-none",
        side === "outgoing" ? "right-full mr-1" : "left-full ml-1",
      )}
    >
      <ChevronDown className="size-4" aria-hidden />
    </Button>
  );
}

interface QuickProps {
  message: Message;
  react: (emoji: string) => void;
  onMore: () => void;
}

function QuickRow({ message, react, onMore }: QuickProps) {
  const { t } = useTranslation();
  const own = ownReaction(message, useMe().user.name);
  return (
    <>
      <div className="flex gap-0.5">
        {QUICK_EMOJI.map((emoji) => (
          <MenuItem
            key={emoji}
            aria-label={own === emoji ? t("actions.unreact", { emoji }) : t("actions.react", { emoji })}
            className={cn("size-9 justify-center px-0 text-xl", own === emoji && "bg-accent-wash")}
            onSelect={() => react(own === emoji ? "" : emoji)}
          >
            {emoji}
          </MenuItem>
        ))}
        <MenuItem aria-label={t("actions.more")} className="size-9 justify-center px-0 text-ink-soft" onSelect={onMore}>
          <SmilePlus className="size-[18px]" aria-hidden />
        </MenuItem>
      </div>
      <MenuLine />
    </>
  );
}

/** Until when its file is kept. */
function Term({ message: { attachment } }: { message: Message }) {
  const { t } = useTranslation();
  const language = useLanguage();
  if (attachment?.status !== "completed") return null;
  if (attachment.pinned) return <MenuLabel>{t("media.pinned")}</MenuLabel>;
  if (!attachment.expires_at) return null;
  return <MenuLabel>{t("media.expires", { date: formatDate(attachment.expires_at, language) })}</MenuLabel>;
}

const DEEDS: [Exclude<Deed, "react">, LucideIcon][] = [
  ["reply", Reply],
  ["copy", Copy],
  ["pin", Pin],
  ["unpin", PinOff],
  ["edit", Pencil],
  ["cancel", CircleX],
  ["delete", Trash2],
];

function Deeds({ allowed, onDeed }: { allowed: Set<Deed>; onDeed: Record<Exclude<Deed, "react">, () => void> }) {
  const { t } = useTranslation();
  return DEEDS.filter(([deed]) => allowed.has(deed)).map(([deed, Icon]) => (
    <MenuItem key={deed} onSelect={onDeed[deed]} className={cn(deed === "delete" && "text-danger")}>
      <Icon className="size-4" aria-hidden />
      {t(`actions.${deed}`)}
    </MenuItem>
  ));
}
