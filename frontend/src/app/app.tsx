import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { Navigate, Route, Routes } from "react-router";
import { InboxPage } from "@/app/inbox-page";
import { MediaProvider } from "@/features/media/media-provider";
import { SessionGate } from "@/features/session/session-gate";
import { OutboxProvider } from "@/outbox/outbox-provider";
import { RealtimeProvider } from "@/realtime/realtime-provider";

export function App({ client }: { client: QueryClient }) {
  return (
    <QueryClientProvider client={client}>
      <SessionGate>
        {(me) => (
          <RealtimeProvider key={`${me.user.id} ${me.tenant.id}`} tenantId={me.tenant.id} seq={me.seq}>
            <OutboxProvider owner={`${me.user.id} ${me.tenant.id}`}>
              <MediaProvider>
                <Routes>
                  <Route path="/" element={<InboxPage />} />
                  <Route path="/c/:conversationId" element={<InboxPage />} />
                  <Route path="*" element={<Navigate to="/" replace />} />
                </Routes>
              </MediaProvider>
            </OutboxProvider>
          </RealtimeProvider>
        )}
      </SessionGate>
    </QueryClientProvider>
  );
}
