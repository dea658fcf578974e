import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { asApiError } from "@/api/client";
import { keys } from "@/api/keys";

/** One cache for the page. A session that ended anywhere is asked about at once: the gate then shows the login. */
export function makeQueryClient(): QueryClient {
  const onError = (reason: Error): void => {
    if (asApiError(reason).code !== "not_logged_in") return;
    const me = client.getQueryState(keys.me);
    if (me?.status === "success") void client.invalidateQueries({ queryKey: keys.me });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        retry: (failures, reason) => {
          const { status } = asApiError(reason);
          return failures < 2 && (status === 0 || status >= 500);
        },
      },
    },
  });
  return client;
}
