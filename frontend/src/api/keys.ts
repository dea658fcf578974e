/** The addresses of server data in the query cache. */
export const keys = {
  me: ["me"] as const,
  inbox: ["inbox"] as const,
  conversations: (query: string) => ["inbox", "conversations", query] as const,
  allConversations: ["inbox", "conversations"] as const,
  conversation: (id: string) => ["inbox", "conversation", id] as const,
  allSingles: ["inbox", "conversation"] as const,
  messages: (conversationId: string) => ["inbox", "messages", conversationId] as const,
  allMessages: ["inbox", "messages"] as const,
  attachment: (id: string) => ["inbox", "attachment", id] as const,
  allAttachments: ["inbox", "attachment"] as const,
};
