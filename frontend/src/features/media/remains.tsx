import type { Attachment, Message } from "@/api/wire.gen";
import { AskingContext, useAsking } from "@/features/media/asking";
import { boxOf, boxStyle } from "@/features/media/box";
import type { Phase } from "@/features/media/phase";
import { PhaseVeil } from "@/features/media/phase-view";
import { Picture } from "@/features/media/picture";

interface Props {
  message: Message;
  attachment: Attachment;
  phase: Exclude<Phase, { name: "ready" }>;
  retry: () => void;
}

/** In a viewer: what has become of a file while it was looked at. */
export function Remains({ message, attachment, phase, retry }: Props) {
  const asking = useAsking(message);
  return (
    <div className="absolute inset-0 grid place-items-center p-4">
      <div className="relative max-h-full overflow-hidden rounded-lg bg-white/5" style={boxStyle(boxOf(attachment.metadata))}>
        <Picture src="" preview={attachment.metadata.preview} alt="" />
        <AskingContext value={message.direction === "incoming" ? asking : null}>
          <PhaseVeil phase={phase} attachment={attachment} retry={retry} />
        </AskingContext>
      </div>
    </div>
  );
}
