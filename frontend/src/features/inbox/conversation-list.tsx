import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Inbox, SearchX, TriangleAlert } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { allOf } from "@/api/pages";
import { conversationsQuery } from "@/api/queries";
import { ConversationRow } from "@/features/inbox/conversation-row";
import { SearchField } from "@/features/inbox/search-field";
import { useDebounced } from "@/lib/use-debounced";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { Spinner } from "@/ui/spinner";

const SEARCH_AFTER_MS = 200;

/** Newest first, with what is unread; the order and the counts come live. */
export function ConversationList({ selectedId }: { selectedId: string | undefined }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const query = useDebounced(typed.trim(), SEARCH_AFTER_MS);
  return (
    <nav aria-label={t("inbox.title")} className="flex min-h-0 flex-1 flex-col">
      <SearchField value={typed} onChange={setTyped} />
      <Rows query={query} selectedId={selectedId} />
    </nav>
  );
}

function Rows({ query, selectedId }: { query: string; selectedId: string | undefined }) {
  const { t } = useTranslation();
  const list = useInfiniteQuery({ ...conversationsQuery(query), placeholderData: keepPreviousData });
  const conversations = allOf(list.data);
  if (list.isPending) return <RowSkeletons />;
  if (list.isError && conversations.length === 0) {
    return (
      <Empty
        icon={<TriangleAlert />}
        title={t("inbox.failed")}
        action={
          <Button tone="outline" size="sm" onClick={() => void list.refetch()}>
            {t("common.retry")}
          </Button>
        }
      />
    );
  }
  if (conversations.length === 0) return <Nothing query={query} />;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto overscroll-contain">
      <ul className="pb-2">
        {conversations.map((conversation) => (
          <ConversationRow
            key={conversation.id}
            conversation={conversation}
            selection={conversation.id === selectedId ? "selected" : "none"}
          />
        ))}
      </ul>
      {list.hasNextPage && <More load={list.fetchNextPage} state={list.isFetchingNextPage ? "loading" : "idle"} />}
    </div>
  );
}

function Nothing({ query }: { query: string }) {
  const { t } = useTranslation();
  return query ? (
    <Empty icon={<SearchX />} title={t("inbox.nothing", { query })} />
  ) : (
    <Empty icon={<Inbox />} title={t("inbox.empty")} hint={t("inbox.emptyHint")} />
  );
}

/** Asks for the next page as soon as the end of the list comes near. */
function More({ load, state }: { load: () => unknown; state: "idle" | "loading" }) {
  const { t } = useTranslation();
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!end.current || state === "loading") return;
    const watcher = new IntersectionObserver(([seen]) => seen?.isIntersecting && load(), { rootMargin: "400px" });
    watcher.observe(end.current);
    return () => watcher.disconnect();
  }, [load, state]);
  return (
    <div ref={end} className="grid h-12 place-items-center">
      {state === "loading" && <Spinner label={t("common.loading")} />}
    </div>
  );
}

function RowSkeletons() {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("common.loading")} className="flex-1 overflow-hidden">
      {Array.from({ length: 9 }, (_, index) => (
        <div key={index} className="flex items-center gap-3 px-3 py-2.5" style={{ opacity: 1 - index * 0.1 }}>
          <span className="skeleton size-10 rounded-full" />
          <span className="flex flex-1 flex-col gap-2">
            <span className="skeleton h-3 w-2/5 rounded" />
            <span className="skeleton h-3 w-4/5 rounded" />
          </span>
        </div>
      ))}
    </div>
  );
}
