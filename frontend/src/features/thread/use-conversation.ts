import { useQuery, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/api/keys";
import { allOf, type Pages } from "@/api/pages";
import { conversationQuery } from "@/api/queries";
import type { Conversation } from "@/api/wire.gen";

/** One conversation; the row that was clicked stands in until its own answer is here. */
export function useConversation(id: string) {
  const client = useQueryClient();
  return useQuery({
    ...conversationQuery(id),
    placeholderData: () => {
      const lists = client.getQueriesData<Pages<Conversation>>({ queryKey: keys.allConversations });
      return lists.flatMap(([, pages]) => allOf(pages)).find((conversation) => conversation.id === id);
    },
  });
}
