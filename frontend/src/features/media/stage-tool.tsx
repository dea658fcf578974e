import type { ReactNode } from "react";
import { Button } from "@/ui/button";

/** One of the small buttons over what is looked at; also as a link. */
export function StageTool({ label, icon, onPress }: { label: string; icon: ReactNode; onPress: () => void }) {
  return (
    <Button size="touch" aria-label={label} title={label} onClick={onPress} className="[&_svg]:size-5">
      {icon}
    </Button>
  );
}

interface LinkProps {
  label: string;
  icon: ReactNode;
  href: string;
  /** The name to save it under; without one it is opened in another tab. */
  download?: string;
}

export function StageLink({ label, icon, href, download }: LinkProps) {
  return (
    <Button asChild size="touch" className="text-white/85 hover:bg-white/12 hover:text-white [&_svg]:size-5">
      <a href={href} download={download} target={download === undefined ? "_blank" : undefined} rel="noopener" aria-label={label} title={label}>
        {icon}
      </a>
    </Button>
  );
}
