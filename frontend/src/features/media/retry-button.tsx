import { RotateCw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";

export function RetryButton({ retry, tone }: { retry: () => void; tone: "overlay" | "outline" | "danger" }) {
  const { t } = useTranslation();
  return (
    <Button size="sm" tone={tone} onClick={retry}>
      <RotateCw className="size-3.5" aria-hidden />
      {t("common.retry")}
    </Button>
  );
}
