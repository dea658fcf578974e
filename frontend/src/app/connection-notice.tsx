import { CloudOff, RefreshCw, Unplug } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDebounced } from "@/lib/use-debounced";
import { useSocketStatus } from "@/realtime/realtime-provider";
import { useSocket } from "@/realtime/socket-context";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";

/** A blink of reconnecting is nobody's business; what lasts is said. */
const SAID_AFTER_MS = 700;

/** Whether what is shown is live. */
export function ConnectionNotice() {
  const { t } = useTranslation();
  const status = useDebounced(useSocketStatus(), SAID_AFTER_MS);
  const socket = useSocket();
  switch (status.name) {
    case "idle":
    case "live":
      return null;
    case "connecting":
    case "synchronising":
      return (
        <Notice tone="plain" icon={<RefreshCw className="animate-spin" aria-hidden />}>
          {t(`status.${status.name}`)}
        </Notice>
      );
    case "waiting":
      return (
        <Notice
          tone="warn"
          icon={<Unplug aria-hidden />}
          action={
            <Button size="sm" tone="outline" onClick={socket.retryNow}>
              {t("status.retryNow")}
            </Button>
          }
        >
          <Countdown until={status.retryAt} />
        </Notice>
      );
    case "offline":
      return (
        <Notice tone="warn" icon={<CloudOff aria-hidden />}>
          {t("status.offline")}
        </Notice>
      );
    case "stopped":
      return (
        <Notice tone="danger" icon={<Unplug aria-hidden />}>
          {t("status.stopped")}
        </Notice>
      );
  }
}

function Countdown({ until }: { until: number }) {
  const { t } = useTranslation();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return <>{t("status.waiting", { seconds: Math.max(0, Math.ceil((until - now) / 1000)) })}</>;
}
