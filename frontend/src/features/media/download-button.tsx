import { Download } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "@/api/wire.gen";
import { Button } from "@/ui/button";

/** In words, where there is room for them. */
export function DownloadButton({ attachment, tone }: { attachment: Attachment; tone: "overlay" | "outline" | "primary" }) {
  const { t } = useTranslation();
  const name = attachment.file_name || t("media.file");
  return (
    <Button asChild size="sm" tone={tone}>
      <a href={attachment.file_url} download={name} aria-label={t("media.downloadNamed", { name })}>
        <Download className="size-3.5" aria-hidden />
        {t("common.download")}
      </a>
    </Button>
  );
}
