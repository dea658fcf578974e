import { useInfiniteQuery } from "@tanstack/react-query";
import { MessagesSquare, SearchX, TriangleAlert } from "lucide-react";
import { useMemo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { asApiError } from "@/api/client";
import { useContactName } from "@/api/contact-name";
import { allOf, type Pages } from "@/api/pages";
import { messagesQuery, useMe } from "@/api/queries";
import type { Conversation, Message } from "@/api/wire.gen";
import { InstanceNotice } from "@/features/thread/instance-notice";
import type { RenderMedia } from "@/features/thread/message-bubble";
import { MessageList, type Older } from "@/features/thread/message-list";
import { ThreadHeader, TypingLine } from "@/features/thread/thread-header";
import { useConversation } from "@/features/thread/use-conversation";
import { useMarkRead } from "@/features/thread/use-mark-read";
import { useDesk, usePending } from "@/outbox/outbox-context";
import { withPending } from "@/outbox/pending";
import { useViewing } from "@/realtime/socket-context";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { Spinner } from "@/ui/spinner";

export type RenderComposer = (slot: { conversation: Conversation; contactName: string }) => ReactNode;

interface Props {
  conversationId: string;
  renderMedia: RenderMedia;
  renderComposer: RenderComposer;
}

/** One conversation: who it is with, what was said, what is happening. */
export function ChatWindow({ conversationId, ...slots }: Props) {
  const { t } = useTranslation();
  const conversation = useConversation(conversationId);
  if (conversation.data) return <Window key={conversationId} conversation={conversation.data} {...slots} />;
  if (conversation.isError) {
    const isMissing = asApiError(conversation.error).status === 404;
    return (
      <Empty
        className="flex-1"
        icon={isMissing ? <SearchX /> : <TriangleAlert />}
        title={isMissing ? t("thread.missing") : t("thread.failed")}
        action={isMissing ? undefined : <RetryButton onPress={() => void conversation.refetch()} />}
      />
    );
  }
  return <Loading />;
}

type WindowProps = Omit<Props, "conversationId"> & { conversation: Conversation };

function Window({ conversation, renderMedia, renderComposer }: WindowProps) {
  useViewing(conversation.id);
  useMarkRead(conversation);
  const name = useContactName(conversation.contact);
  return (
    <section aria-label={name} className="relative flex min-h-0 min-w-0 flex-1 flex-col bg-canvas">
      <ThreadHeader conversation={conversation} name={name} />
      <InstanceNotice instanceId={conversation.instance_id} />
      <Messages conversation={conversation} name={name} renderMedia={renderMedia} />
      <TypingLine conversation={conversation} name={name} />
      {renderComposer({ conversation, contactName: name })}
    </section>
  );
}

function Messages({ conversation, name, renderMedia }: { conversation: Conversation; name: string; renderMedia: RenderMedia }) {
  const { t } = useTranslation();
  const { data, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    messagesQuery(conversation.id),
  );
  const messages = useMessages(conversation.id, data);
  const older = useMemo<Older>(() => {
    if (!hasNextPage) return { state: "none" };
    return isFetchingNextPage ? { state: "loading" } : { state: "more", load: () => void fetchNextPage() };
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  if (isPending) return <Loading />;
  if (!data) {
    return (
      <Empty
        className="flex-1"
        icon={<TriangleAlert />}
        title={t("thread.failed")}
        action={<RetryButton onPress={() => void refetch()} />}
      />
    );
  }
  if (messages.length === 0) return <Empty className="flex-1" icon={<MessagesSquare />} title={t("thread.empty")} />;
  return (
    <MessageList conversation={conversation} contactName={name} messages={messages} older={older} renderMedia={renderMedia} />
  );
}

/** What the server has, and what is on its way there from here. */
function useMessages(conversationId: string, data: Pages<Message> | undefined): Message[] {
  const { factsOf } = useDesk().outbox;
  const entries = usePending(conversationId);
  const { id, name } = useMe().user;
  return useMemo(() => withPending(allOf(data), entries, { id, name }, factsOf), [data, entries, id, name, factsOf]);
}

function Loading() {
  const { t } = useTranslation();
  return (
    <div className="grid flex-1 place-items-center">
      <Spinner label={t("common.loading")} />
    </div>
  );
}

function RetryButton({ onPress }: { onPress: () => void }) {
  const { t } = useTranslation();
  return (
    <Button tone="outline" size="sm" onClick={onPress}>
      {t("common.retry")}
    </Button>
  );
}
