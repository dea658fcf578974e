import { AlertDialog as Radix } from "radix-ui";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";

interface Props {
  title: string;
  hint: string;
  yes: string;
  onYes: () => void;
  onClose: () => void;
}

/** Asks before what cannot be taken back. */
export function Confirm({ title, hint, yes, onYes, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Radix.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content className="fixed top-1/2 left-1/2 z-50 w-[min(24rem,calc(100vw-2rem))] -translate-1/2 rounded-xl border border-line bg-raised p-5 shadow-xl shadow-black/20 outline-none">
          <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
          <Radix.Description className="mt-1.5 text-ink-soft">{hint}</Radix.Description>
          <div className="mt-5 flex justify-end gap-2">
            <Radix.Cancel asChild>
              <Button tone="outline">{t("common.cancel")}</Button>
            </Radix.Cancel>
            <Radix.Action asChild>
              <Button tone="danger" onClick={onYes}>
                {yes}
              </Button>
            </Radix.Action>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
