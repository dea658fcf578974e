import { infiniteQueryOptions, queryOptions, useQuery } from "@tanstack/react-query";
import { fetchConversation, fetchConversations, fetchMessages } from "@/api/chat";
import { keys } from "@/api/keys";
import { fetchMe } from "@/api/session";
import type { Me } from "@/api/wire.gen";

// The socket keeps everything fresh; only a resync or a new session fetches again.
const LIVE = { staleTime: Infinity, refetchOnWindowFocus: false, refetchOnReconnect: false } as const;

export const meQuery = queryOptions({ queryKey: keys.me, queryFn: fetchMe, ...LIVE });

/** Who is logged in. Only below the session gate, where there is somebody. */
export function useMe(): Me {
  const me = useQuery(meQuery).data;
  if (!me) throw new Error("useMe needs the session gate above it");
  return me;
}

export const conversationsQuery = (query: string) =>
  infiniteQueryOptions({
    queryKey: keys.conversations(query),
    queryFn: ({ pageParam }) => fetchConversations(query, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    ...LIVE,
    // A search is an answer to a question that was asked now.
    staleTime: query ? 0 : Infinity,
  });

export const conversationQuery = (id: string) =>
  queryOptions({ queryKey: keys.conversation(id), queryFn: () => fetchConversation(id), ...LIVE });

export const messagesQuery = (conversationId: string) =>
  infiniteQueryOptions({
    queryKey: keys.messages(conversationId),
    queryFn: ({ pageParam }) => fetchMessages(conversationId, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => (page.next === null ? null : (page.results.at(-1)?.id ?? null)),
    ...LIVE,
  });
