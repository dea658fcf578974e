import { PlugZap } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/queries";
import { Notice } from "@/ui/notice";

/** Says so when the number of this conversation is not connected to WhatsApp. */
export function InstanceNotice({ instanceId }: { instanceId: string }) {
  const { t } = useTranslation();
  const instance = useMe().instances.find(({ id }) => id === instanceId);
  if (!instance || instance.state === "open") return null;
  const { name, state } = instance;
  return (
    <Notice tone={state === "closed" ? "danger" : "warn"} icon={<PlugZap aria-hidden />} className="px-4 sm:px-6">
      {state === "closed" ? t("instance.closed", { name }) : t("instance.connecting", { name })}
    </Notice>
  );
}
