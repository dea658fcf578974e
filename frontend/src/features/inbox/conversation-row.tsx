import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useContactName } from "@/api/contact-name";
import type { Conversation } from "@/api/wire.gen";
import { LastMessage } from "@/features/inbox/last-message";
import { useLanguage } from "@/i18n/i18n";
import { cn } from "@/lib/cn";
import { formatStamp } from "@/lib/format";
import { useTypists } from "@/realtime/people";
import { Avatar } from "@/ui/avatar";

interface Props {
  conversation: Conversation;
  selection: "selected" | "none";
}

export const ConversationRow = memo(function ConversationRow({ conversation, selection }: Props) {
  const { contact, unread } = conversation;
  const name = useContactName(contact);
  const isSelected = selection === "selected";
  return (
    <li className="px-1.5">
      <Link
        to={`/c/${conversation.id}`}
        aria-current={isSelected ? "page" : undefined}
        className={cn(
          "flex items-center gap-3 rounded-md px-2 py-2 outline-offset-[-2px]",
          isSelected ? "bg-accent-wash" : "hover:bg-sunken",
        )}
      >
        <Avatar src={conversation.profile_pic_url} name={name} isGroup={contact.is_group} className="size-10 text-sm" />
        <span className="min-w-0 flex-1">
          <span className="flex items-baseline gap-2">
            <span className={cn("min-w-0 flex-1 truncate", unread > 0 ? "font-semibold" : "font-medium")}>{name}</span>
            <Stamp conversation={conversation} />
          </span>
          <span className="flex items-center gap-2">
            <Preview conversation={conversation} />
            <State status={conversation.status} />
            <Unread count={unread} />
          </span>
        </span>
      </Link>
    </li>
  );
});

function Stamp({ conversation: { last_message_at: at, unread } }: { conversation: Conversation }) {
  const language = useLanguage();
  if (!at) return null;
  return (
    <time dateTime={at} className={cn("text-[11px] tabular-nums", unread > 0 ? "font-medium text-accent" : "text-ink-faint")}>
      {formatStamp(at, language)}
    </time>
  );
}

function Preview({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const typist = useTypists(conversation.id).find(({ who }) => who.kind === "contact");
  if (typist) {
    const name = typist.who.name || conversation.contact.name || t("thread.someone");
    const text = typist.state === "recording" ? t("thread.recording", { name }) : t("thread.composing", { name });
    return <span className="min-w-0 flex-1 truncate text-[13px] text-accent">{text}</span>;
  }
  return <LastMessage conversation={conversation} />;
}

function State({ status }: { status: Conversation["status"] }) {
  const { t } = useTranslation();
  if (status === "open") return null;
  return (
    <span className="rounded border border-line-strong px-1 text-[11px] leading-4 text-ink-soft">
      {status === "resolved" ? t("inbox.resolved") : t("inbox.pending")}
    </span>
  );
}

function Unread({ count }: { count: number }) {
  const { t } = useTranslation();
  if (count === 0) return null;
  return (
    <span className="grid h-[18px] min-w-[18px] place-items-center rounded-full bg-accent px-1 text-[11px] font-semibold text-on-accent tabular-nums">
      <span aria-hidden>{count > 99 ? "99+" : count}</span>
      <span className="sr-only">{t("inbox.unread", { count })}</span>
    </span>
  );
}
