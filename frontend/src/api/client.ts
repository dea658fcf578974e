import axios, { AxiosError, AxiosHeaders } from "axios";
import type { Problem } from "@/api/wire.gen";

/** Every failed request, whatever failed: `code` is the server's stable code, or `network`. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, detail: string) {
    super(detail || code);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }
}

const KEPT_TENANT = "tenant";

/** The tenant whose lists are shown; absent, the server takes the reader's first one. */
export function chosenTenant(): string | null {
  return localStorage.getItem(KEPT_TENANT);
}

export function chooseTenant(id: string | null): void {
  if (id) localStorage.setItem(KEPT_TENANT, id);
  else localStorage.removeItem(KEPT_TENANT);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && typeof body.code === "string";
}

export function asApiError(reason: unknown): ApiError {
  if (reason instanceof ApiError) return reason;
  if (!(reason instanceof AxiosError)) return new ApiError("unknown", 0, String(reason));
  const answer = reason.response;
  if (!answer) return new ApiError("network", 0, reason.message);
  const body: unknown = answer.data;
  if (isProblem(body)) return new ApiError(body.code, answer.status, body.detail);
  return new ApiError(answer.status >= 500 ? "server" : "unknown", answer.status, reason.message);
}

export const http = axios.create({
  baseURL: "/api/",
  timeout: 20_000,
  withXSRFToken: true,
  xsrfCookieName: "csrftoken",
  xsrfHeaderName: "X-CSRFToken",
  headers: { Accept: "application/json" },
});

http.interceptors.request.use((config) => {
  const tenant = chosenTenant();
  if (tenant) AxiosHeaders.from(config.headers).set("X-Tenant", tenant);
  return config;
});

http.interceptors.response.use(
  (answer) => answer,
  (reason: unknown) => Promise.reject(asApiError(reason)),
);
