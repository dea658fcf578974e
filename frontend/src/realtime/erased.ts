import type { QueryClient } from "@tanstack/react-query";
import { keys } from "@/api/keys";

/** What is gone for good is not shown while it is asked for again: then the server says what is left of it. */
export async function forgetErased(client: QueryClient, conversationIds: string[]): Promise<void> {
  if (conversationIds.length === 0) return;
  const threads = conversationIds.flatMap((id) => [keys.messages(id), keys.conversation(id)]);
  await Promise.all([
    ...threads.map((queryKey) => client.resetQueries({ queryKey })),
    client.resetQueries({ queryKey: keys.allConversations }),
    client.resetQueries({ queryKey: keys.allAttachments }),
  ]);
}
