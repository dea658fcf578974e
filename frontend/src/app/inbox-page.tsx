import { useInfiniteQuery } from "@tanstack/react-query";
import { MessagesSquare } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { allOf } from "@/api/pages";
import { conversationsQuery, useMe } from "@/api/queries";
import { ConnectionNotice } from "@/app/connection-notice";
import { Composer } from "@/features/composer/composer";
import { ConversationList } from "@/features/inbox/conversation-list";
import { MediaPreview } from "@/features/media/media-preview";
import { AccountMenu } from "@/features/session/account-menu";
import { ChatWindow, type RenderComposer } from "@/features/thread/chat-window";
import type { RenderMedia } from "@/features/thread/message-bubble";
import { cn } from "@/lib/cn";
import { Empty } from "@/ui/empty";
import { ToastCorner } from "@/ui/toasts";

const renderMedia: RenderMedia = (slot) => <MediaPreview {...slot} />;
const renderComposer: RenderComposer = (slot) => <Composer {...slot} />;

/** The list and the thread side by side; on a narrow screen one at a time. */
export function InboxPage() {
  const { t } = useTranslation();
  const { conversationId } = useParams();
  useUnreadTitle();
  return (
    <div className="flex h-full flex-col">
      <ConnectionNotice />
      <div className="flex min-h-0 flex-1">
        <aside
          className={cn(
            "flex min-h-0 w-full flex-col border-r border-line bg-panel md:w-[21rem] md:shrink-0 lg:w-[23rem]",
            conversationId && "hidden md:flex",
          )}
        >
          <ListHeader />
          <ConversationList selectedId={conversationId} />
        </aside>
        <main className={cn("min-h-0 min-w-0 flex-1 flex-col", conversationId ? "flex" : "hidden md:flex")}>
          {conversationId ? (
            <ChatWindow conversationId={conversationId} renderMedia={renderMedia} renderComposer={renderComposer} />
          ) : (
            <Empty className="flex-1" icon={<MessagesSquare />} title={t("inbox.pick")} hint={t("inbox.pickHint")} />
          )}
        </main>
      </div>
      <ToastCorner />
    </div>
  );
}

function ListHeader() {
  const { t } = useTranslation();
  const { tenant } = useMe();
  return (
    <header className="flex h-14 shrink-0 items-center gap-2 pr-2 pl-4">
      <div className="min-w-0 flex-1">
        <h1 className="leading-tight font-semibold">{t("inbox.title")}</h1>
        <p className="truncate text-xs text-ink-soft">{tenant.name}</p>
      </div>
      <AccountMenu />
    </header>
  );
}

/** How many conversations wait, where a person with twenty tabs sees it. */
function useUnreadTitle(): void {
  const { t } = useTranslation();
  const { data } = useInfiniteQuery(conversationsQuery(""));
  const waiting = allOf(data).filter(({ unread }) => unread > 0).length;
  useEffect(() => {
    document.title = waiting > 0 ? `(${waiting}) ${t("product")}` : t("product");
  }, [waiting, t]);
}
