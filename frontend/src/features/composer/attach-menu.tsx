import { FileText, Image, Music, Paperclip, type LucideIcon } from "lucide-react";
import { useRef, type ChangeEvent } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Menu, MenuItem, MenuPanel, MenuTrigger } from "@/ui/menu";

type Sort = "media" | "documents" | "audio";

const SORTS: { sort: Sort; icon: LucideIcon; tone: string; accept: string }[] = [
  { sort: "media", icon: Image, tone: "text-read", accept: "image/*,video/*,.heic,.heif" },
  {
    sort: "documents",
    icon: FileText,
    tone: "text-accent",
    accept: ".pdf,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.odt,.ods,.odp,.txt,.csv,.zip",
  },
  { sort: "audio", icon: Music, tone: "text-warn", accept: "audio/*,.opus,.amr,.m4a" },
];

const LABELS = { media: "composer.attachMedia", documents: "composer.attachDocuments", audio: "composer.attachAudio" } as const;

/** Chooses files of one sort; several at once. */
export function AttachMenu({ onFiles }: { onFiles: (files: File[]) => void }) {
  const { t } = useTranslation();
  const inputs = useRef(new Map<Sort, HTMLInputElement>());

  function onChange(event: ChangeEvent<HTMLInputElement>): void {
    onFiles([...(event.target.files ?? [])]);
    event.target.value = ""; // The same file may be chosen again.
  }

  return (
    <>
      <Menu>
        <MenuTrigger asChild>
          <Button size="touch" aria-label={t("composer.attach")}>
            <Paperclip className="size-5" aria-hidden />
          </Button>
        </MenuTrigger>
        <MenuPanel align="start" side="top">
          {SORTS.map(({ sort, icon: Icon, tone }) => (
            <MenuItem key={sort} className="h-9" onSelect={() => inputs.current.get(sort)?.click()}>
              <Icon className={`size-4 ${tone}`} aria-hidden />
              {t(LABELS[sort])}
            </MenuItem>
          ))}
        </MenuPanel>
      </Menu>
      {SORTS.map(({ sort, accept }) => (
        <input
          key={sort}
          ref={(element) => {
            if (element) inputs.current.set(sort, element);
          }}
          type="file"
          multiple
          hidden
          accept={accept}
          aria-label={t(LABELS[sort])}
          onChange={onChange}
        />
      ))}
    </>
  );
}
