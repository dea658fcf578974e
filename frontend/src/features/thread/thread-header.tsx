import { ArrowLeft, Eye } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useMe } from "@/api/queries";
import type { Conversation } from "@/api/wire.gen";
import { formatPhone } from "@/lib/format";
import { usePresentAgents, useTypists } from "@/realtime/people";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";

export function ThreadHeader({ conversation, name }: { conversation: Conversation; name: string }) {
  const { t } = useTranslation();
  const { contact, assignee } = conversation;
  return (
    <header className="flex h-14 shrink-0 items-center gap-3 border-b border-line bg-panel px-2 md:px-4">
      <Button asChild size="touch" className="md:hidden">
        <Link to="/" aria-label={t("common.back")}>
          <ArrowLeft className="size-5" aria-hidden />
        </Link>
      </Button>
      <Avatar src={conversation.profile_pic_url} name={name} isGroup={contact.is_group} alt={name} className="size-9 text-[13px]" />
      <div className="min-w-0 flex-1">
        <h2 className="truncate leading-tight font-semibold">{name}</h2>
        <Subtitle conversation={conversation} />
      </div>
      <Viewers conversationId={conversation.id} />
      {assignee && (
        <Avatar src="" name={assignee.name} size="sm" alt={t("thread.assignee", { name: assignee.name })} className="size-7 text-[11px]" />
      )}
    </header>
  );
}

function Subtitle({ conversation: { contact, instance_id: instanceId } }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const { instances } = useMe();
  const number = instances.length > 1 ? instances.find((instance) => instance.id === instanceId)?.name : undefined;
  // Without a name the line above says already what could stand here.
  const who = !contact.name ? "" : contact.is_group ? t("inbox.group") : formatPhone(contact.phone);
  const text = [who, number].filter(Boolean).join(" · ");
  return text ? <p className="truncate text-xs text-ink-soft tabular-nums">{text}</p> : null;
}

/** Colleagues who have this conversation open. */
function Viewers({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation();
  const { user } = useMe();
  const others = usePresentAgents().filter((agent) => agent.viewing === conversationId && agent.id !== user.id);
  if (others.length === 0) return null;
  const names = others.map((agent) => agent.name).join(", ");
  return (
    <p className="hidden items-center gap-1.5 rounded-full bg-warn-wash px-2.5 py-1 text-xs text-warn sm:flex">
      <Eye className="size-3.5" aria-hidden />
      {t("thread.viewing", { names, count: others.length })}
    </p>
  );
}

/** Keeps its place whether or not somebody is typing, so that nothing jumps. */
export function TypingLine({ conversation, name }: { conversation: Conversation; name: string }) {
  const { t } = useTranslation();
  const { user } = useMe();
  const typists = useTypists(conversation.id).filter(({ who }) => who.id !== user.id);
  const [one] = typists;
  const who = one && (one.who.name || name);
  const text = !one
    ? ""
    : typists.length > 1
      ? t("thread.several")
      : one.state === "recording"
        ? t("thread.recording", { name: who })
        : t("thread.composing", { name: who });
  return (
    <p role="status" className="h-6 shrink-0 truncate px-4 pb-1.5 text-xs text-ink-soft sm:px-6">
      {text}
    </p>
  );
}
