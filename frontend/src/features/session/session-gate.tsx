import { CloudOff } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "@/api/wire.gen";
import { LoginPage } from "@/features/session/login-page";
import { useSession } from "@/features/session/use-session";
import { useErrorText } from "@/i18n/use-error-text";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { Spinner } from "@/ui/spinner";

/** Whoever is not logged in sees the login where they are, and afterwards what they came for. */
export function SessionGate({ children }: { children: (me: Me) => ReactNode }) {
  const session = useSession();
  const { t } = useTranslation();
  const errorText = useErrorText();
  switch (session.state) {
    case "in":
      return children(session.me);
    case "out":
      return <LoginPage />;
    case "loading":
      return (
        <div className="grid h-full place-items-center">
          <Spinner label={t("common.loading")} />
        </div>
      );
    case "failed":
      return (
        <Empty
          className="h-full"
          icon={<CloudOff />}
          title={t("status.failed")}
          hint={errorText(session.error.code)}
          action={
            <Button tone="outline" onClick={session.retry}>
              {t("common.retry")}
            </Button>
          }
        />
      );
  }
}
