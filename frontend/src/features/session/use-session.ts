import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { asApiError, chooseTenant, type ApiError } from "@/api/client";
import { keys } from "@/api/keys";
import { meQuery } from "@/api/queries";
import { login, logout } from "@/api/session";
import type { Me } from "@/api/wire.gen";
import { eraseCopies } from "@/outbox/copies";

export type Session =
  | { state: "loading" }
  | { state: "out" }
  | { state: "in"; me: Me; since: number }
  | { state: "failed"; error: ApiError; retry: () => void };

export function useSession(): Session {
  const { data, error, dataUpdatedAt, refetch } = useQuery(meQuery);
  if (error) {
    const problem = asApiError(error);
    if (problem.status === 401) return { state: "out" };
    if (!data) return { state: "failed", error: problem, retry: () => void refetch() };
  }
  return data ? { state: "in", me: data, since: dataUpdatedAt } : { state: "loading" };
}

export function useLogin() {
  const client = useQueryClient();
  return useMutation<Me, ApiError, { email: string; password: string }>({
    mutationFn: login,
    onSuccess: (me) => {
      client.removeQueries({ queryKey: keys.inbox });
      client.setQueryData(keys.me, me);
    },
  });
}

/** Leaves nothing of this person here, neither in memory nor beside it: the page starts over. */
export function useLogout() {
  return useMutation({
    mutationFn: logout,
    onSettled: async () => {
      await eraseCopies();
      chooseTenant(null);
      window.location.assign("/");
    },
  });
}

export function switchTenant(id: string): void {
  chooseTenant(id);
  window.location.assign("/");
}
