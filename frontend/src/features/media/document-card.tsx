import {
  Download,
  ExternalLink,
  Eye,
  File,
  FileArchive,
  FileImage,
  FileSpreadsheet,
  FileText,
  FileVideo,
  FileAudio,
  type LucideIcon,
} from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment, Message } from "@/api/wire.gen";
import { useOpenPdf } from "@/features/media/pdf-context";
import { PhaseNote, PhaseRing, StageLine } from "@/features/media/phase-view";
import { Picture } from "@/features/media/picture";
import { usePhase } from "@/features/media/use-phase";
import { useLanguage } from "@/i18n/i18n";
import { formatBytes } from "@/lib/format";
import { splitFileName } from "@/lib/names";
import { Button } from "@/ui/button";

const LOOKS: [RegExp, LucideIcon, string][] = [
  [/pdf$/, FileText, "text-[oklch(0.58_0.15_27)] dark:text-[oklch(0.74_0.12_27)]"],
  [/sheet|excel|csv/, FileSpreadsheet, "text-[oklch(0.52_0.1_155)] dark:text-[oklch(0.76_0.1_155)]"],
  [/word|opendocument\.text|^text\//, FileText, "text-[oklch(0.52_0.11_255)] dark:text-[oklch(0.76_0.09_255)]"],
  [/zip|rar|7z|tar|gzip/, FileArchive, "text-ink-soft"],
  [/^image\//, FileImage, "text-ink-soft"],
  [/^video\//, FileVideo, "text-ink-soft"],
  [/^audio\//, FileAudio, "text-ink-soft"],
];

const PDF = "application/pdf";

/** What a browser opens by itself in a tab of its own; everything else is only downloaded. */
const VIEWABLE = /^(text\/plain|image\/(png|jpeg|gif|webp)|video\/mp4|audio\/)/;

interface Props {
  message: Message;
  attachment: Attachment;
  footer: ReactNode;
}

/** A file as a card; also whatever kind of file we do not know. */
export function DocumentCard({ message, attachment, footer }: Props) {
  const { phase, retry, address, loaded, failed } = usePhase(attachment);
  const { thumbnail_url: thumbnail, metadata } = attachment;
  const openPdf = useOpenPdf();
  const first = thumbnail || metadata.preview;
  const isPdf = phase.name === "ready" && attachment.file_type === PDF;
  const open = isPdf ? () => openPdf({ conversationId: message.conversation_id, attachmentId: attachment.id }) : null;
  return (
    <div className="relative flex w-[19rem] max-w-full flex-col gap-2 pb-0.5">
      {first && (
        <div className="relative h-28 overflow-hidden rounded-[7px] bg-sunken [&_img]:object-top">
          <Picture
            src={phase.name === "ready" ? thumbnail && address(thumbnail) : ""}
            preview={metadata.preview}
            alt=""
            onLoaded={loaded}
            onFailed={failed}
          />
        </div>
      )}
      {/* The whole card for the mouse; its button below for everybody. */}
      {open && <button type="button" tabIndex={-1} aria-hidden className="absolute inset-0 z-1 cursor-pointer" onClick={open} />}
      <div className="flex items-center gap-2.5 px-1.5 first:pt-1">
        <Sign attachment={attachment} phase={phase} />
        <div className="min-w-0 flex-1">
          <FileName name={attachment.file_name} />
          <p className="flex items-center gap-2 text-xs text-ink-soft tabular-nums">
            <span className="min-w-0 flex-1 truncate">
              {phase.name === "working" ? <StageLine phase={phase} attachment={attachment} /> : <Facts attachment={attachment} />}
            </span>
            {footer}
          </p>
        </div>
      </div>
      <div className="relative z-2 px-1.5 empty:hidden">
        {phase.name === "ready" ? <Actions attachment={attachment} open={open} /> : <PhaseNote phase={phase} attachment={attachment} retry={retry} />}
      </div>
    </div>
  );
}

function Sign({ attachment, phase }: { attachment: Attachment; phase: ReturnType<typeof usePhase>["phase"] }) {
  if (phase.name === "working") return <PhaseRing phase={phase} attachment={attachment} size={36} className="text-accent" />;
  const type = attachment.file_type.split(";")[0] ?? "";
  const [, Icon, tone] = LOOKS.find(([pattern]) => pattern.test(type)) ?? [/./, File, "text-ink-soft"];
  return (
    <span className="grid size-9 shrink-0 place-items-center rounded-md bg-ink/5">
      <Icon className={`size-5 ${tone}`} strokeWidth={1.75} aria-hidden />
    </span>
  );
}

function FileName({ name }: { name: string }) {
  const { t } = useTranslation();
  const { head, tail } = splitFileName(name || t("media.file"));
  return (
    <p className="flex leading-tight font-medium" title={name}>
      <span className="sr-only">{name || t("media.file")}</span>
      <span className="min-w-0 truncate" aria-hidden>
        {head}
      </span>
      <span className="shrink-0 whitespace-pre" aria-hidden>
        {tail}
      </span>
    </p>
  );
}

function Facts({ attachment }: { attachment: Attachment }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const dot = attachment.file_name.lastIndexOf(".");
  const ending = dot > 0 && attachment.file_name.length - dot <= 6 ? attachment.file_name.slice(dot + 1).toUpperCase() : "";
  const { pages } = attachment.metadata;
  const facts = [
    ending,
    pages ? t("media.pages", { count: pages }) : "",
    attachment.size_bytes > 0 ? formatBytes(attachment.size_bytes, language) : "",
  ];
  return <>{facts.filter(Boolean).join(" · ")}</>;
}

function Actions({ attachment, open }: { attachment: Attachment; open: (() => void) | null }) {
  const { t } = useTranslation();
  const name = attachment.file_name || t("media.file");
  return (
    <div className="flex gap-1.5">
      {open && (
        <Button size="sm" className="flex-1 bg-ink/5" aria-label={t("media.pdfOpen", { name })} onClick={open}>
          <Eye className="size-3.5" aria-hidden />
          {t("common.view")}
        </Button>
      )}
      {VIEWABLE.test(attachment.file_type) && (
        <Button asChild size="sm" className="flex-1 bg-ink/5">
          <a href={attachment.file_url} target="_blank" rel="noopener" aria-label={t("media.viewNamed", { name })}>
            <ExternalLink className="size-3.5" aria-hidden />
            {t("common.view")}
          </a>
        </Button>
      )}
      <Button asChild size="sm" className="flex-1 bg-ink/5">
        <a href={attachment.file_url} download={name} aria-label={t("media.downloadNamed", { name })}>
          <Download className="size-3.5" aria-hidden />
          {t("common.download")}
        </a>
      </Button>
    </div>
  );
}
