import { QueryClient } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { asApiError } from "@/api/client";
import { App } from "@/app/app";
import { startI18n } from "@/i18n/i18n";
import { startTheme } from "@/lib/theme";
import "@/styles.css";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, reason) => {
        const { status } = asApiError(reason);
        return failures < 2 && (status === 0 || status >= 500);
      },
    },
  },
});

startTheme();
await startI18n();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <BrowserRouter>
        <App client={client} />
      </BrowserRouter>
    </StrictMode>,
  );
}
