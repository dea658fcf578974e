import { chooseTenant, chosenTenant, http } from "@/api/client";
import type { ApiError } from "@/api/client";
import type { Me } from "@/api/wire.gen";

/** Who is asking. A tenant that was chosen once and is not theirs any more is forgotten. */
export async function fetchMe(): Promise<Me> {
  try {
    return (await http.get<Me>("me/")).data;
  } catch (reason) {
    const { status } = reason as ApiError;
    if (!chosenTenant() || (status !== 404 && status !== 403)) throw reason;
    chooseTenant(null);
    return (await http.get<Me>("me/")).data;
  }
}

export async function login(credentials: { email: string; password: string }): Promise<Me> {
  return (await http.post<Me>("auth/login/", credentials)).data;
}

export async function logout(): Promise<void> {
  await http.post("auth/logout/");
}
