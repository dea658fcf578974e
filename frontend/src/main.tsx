import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "@/app/app";
import { makeQueryClient } from "@/app/query-client";
import { startI18n } from "@/i18n/i18n";
import { startTheme } from "@/lib/theme";
import "@/styles.css";

startTheme();
await startI18n();

const client = makeQueryClient();
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
