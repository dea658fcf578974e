import { CircleAlert, FileText, Film, Image, Music, X, type LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useLanguage } from "@/i18n/i18n";
import { useErrorText } from "@/i18n/use-error-text";
import { cn } from "@/lib/cn";
import type { FileKind } from "@/lib/file-types";
import { formatBytes, formatDuration } from "@/lib/format";
import { splitFileName } from "@/lib/names";
import { useDesk } from "@/outbox/outbox-context";
import type { PickedFile, Refusal } from "@/outbox/picked-file";
import { Button } from "@/ui/button";

interface Props {
  conversationId: string;
  files: readonly PickedFile[];
  onSubmit: () => void;
}

/** A card for each file that was chosen and not sent. */
export function FileTray({ conversationId, files, onSubmit }: Props) {
  const { t } = useTranslation();
  if (files.length === 0) return null;
  return (
    <ul
      aria-label={t("composer.files")}
      className="mb-2 grid max-h-[40vh] gap-2 overflow-y-auto overscroll-contain sm:grid-cols-[repeat(auto-fill,minmax(17rem,1fr))]"
    >
      {files.map((picked) => (
        <Card key={picked.id} conversationId={conversationId} picked={picked} onSubmit={onSubmit} />
      ))}
    </ul>
  );
}

function Card({ conversationId, picked, onSubmit }: { conversationId: string; picked: PickedFile; onSubmit: () => void }) {
  const { t } = useTranslation();
  const { drafts } = useDesk();
  const { id, name, refusal, caption } = picked;
  return (
    <li
      aria-label={name}
      className={cn("flex gap-2.5 rounded-lg border bg-raised p-2", refusal ? "border-danger/50" : "border-line")}
    >
      <Sign picked={picked} />
      <div className="flex min-w-0 flex-1 flex-col justify-center gap-1">
        <Name name={name} />
        <Facts picked={picked} />
        {refusal ? (
          <Problem refusal={refusal} />
        ) : (
          <input
            type="text"
            aria-label={t("composer.captionOf", { name })}
            placeholder={t("composer.caption")}
            value={caption}
            maxLength={1024}
            onChange={(event) => drafts.changeFile(conversationId, id, { caption: event.target.value })}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
              event.preventDefault();
              onSubmit();
            }}
            className="h-7 w-full rounded-md bg-sunken px-2 text-[13px] outline-none placeholder:text-ink-faint focus:ring-2 focus:ring-accent/50"
          />
        )}
      </div>
      <Button
        size="icon"
        className="size-7"
        aria-label={t("composer.remove", { name })}
        onClick={() => drafts.removeFile(conversationId, id)}
      >
        <X className="size-4" aria-hidden />
      </Button>
    </li>
  );
}

const ICONS: Record<FileKind, LucideIcon> = { image: Image, video: Film, audio: Music, document: FileText };

function Sign({ picked: { kind, facts } }: { picked: PickedFile }) {
  const Icon = ICONS[kind];
  return (
    <span className="relative grid size-16 shrink-0 place-items-center overflow-hidden rounded-md bg-sunken text-ink-faint">
      <Icon className="size-6" strokeWidth={1.75} aria-hidden />
      {facts?.preview && <img src={facts.preview} alt="" className="absolute inset-0 size-full object-cover" />}
    </span>
  );
}

function Name({ name }: { name: string }) {
  const { head, tail } = splitFileName(name);
  return (
    <p className="flex text-[13px] leading-tight font-medium" title={name}>
      <span className="sr-only">{name}</span>
      <span className="min-w-0 truncate" aria-hidden>
        {head}
      </span>
      <span className="shrink-0 whitespace-pre" aria-hidden>
        {tail}
      </span>
    </p>
  );
}

function Facts({ picked: { file, facts } }: { picked: PickedFile }) {
  const language = useLanguage();
  const length = facts?.duration ? ` · ${formatDuration(facts.duration)}` : "";
  return <p className="text-xs text-ink-soft tabular-nums">{`${formatBytes(file.size, language)}${length}`}</p>;
}

function Problem({ refusal }: { refusal: Refusal }) {
  const { t } = useTranslation();
  const language = useLanguage();
  const errorText = useErrorText();
  const text =
    refusal.code === "file_too_large"
      ? t("composer.tooLarge", { max: formatBytes(refusal.maxBytes, language) })
      : errorText(refusal.code);
  return (
    <p role="alert" className="flex items-center gap-1 text-xs text-danger">
      <CircleAlert className="size-3.5 shrink-0" aria-hidden />
      {text}
    </p>
  );
}
