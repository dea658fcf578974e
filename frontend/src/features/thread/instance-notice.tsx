import { PlugZap } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/queries";
import type { Instance } from "@/api/wire.gen";
import { Notice } from "@/ui/notice";

type Trouble = { tone: "danger" | "warn"; key: "closed" | "connecting" | "tooOld" | "silent" };

/** What stands between this number and its customers, the worst first. */
function troubleOf({ state, can_send, silent_since }: Instance): Trouble | null {
  if (state === "closed") return { tone: "danger", key: "closed" };
  if (state === "connecting") return { tone: "warn", key: "connecting" };
  if (can_send === false) return { tone: "danger", key: "tooOld" };
  return silent_since ? { tone: "warn", key: "silent" } : null;
}

/** Says so when the number of this conversation is not connected to WhatsApp, or seems not to be. */
export function InstanceNotice({ instanceId }: { instanceId: string }) {
  const { t } = useTranslation();
  const instance = useMe().instances.find(({ id }) => id === instanceId);
  const trouble = instance && troubleOf(instance);
  if (!trouble) return null;
  return (
    <Notice tone={trouble.tone} icon={<PlugZap aria-hidden />} className="px-4 sm:px-6">
      {t(`instance.${trouble.key}`, { name: instance.name })}
    </Notice>
  );
}
