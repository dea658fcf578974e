import { cva } from "class-variance-authority";
import { User, Users } from "lucide-react";
import { useState } from "react";
import { cn } from "@/lib/cn";
import { hueOf, initials } from "@/lib/names";

const SIZES = { sm: 32, md: 48, lg: 64 } as const;

const look = cva("relative isolate inline-grid shrink-0 place-items-center overflow-hidden rounded-full select-none", {
  variants: { size: { sm: "size-8 text-xs", md: "size-12 text-[15px]", lg: "size-16 text-xl" } },
});

type Photo = "loading" | "loaded" | "failed";

interface Props {
  src: string;
  /** Whose picture it is; the initials come from it, and its gradient. */
  name: string;
  size?: keyof typeof SIZES;
  isGroup?: boolean;
  /** Empty where the name stands beside the picture. */
  alt?: string;
  className?: string;
}

/** A person or a group: skeleton while the picture loads, then the picture; initials on a gradient without one. */
export function Avatar(props: Props) {
  return <Face key={props.src} {...props} />;
}

function Face({ src, name, size = "md", isGroup = false, alt = "", className }: Props) {
  const [photo, setPhoto] = useState<Photo>(src ? "loading" : "failed");
  const role = alt ? { role: "img", "aria-label": alt } : { "aria-hidden": true };
  return (
    <span {...role} data-photo={photo} className={cn(look({ size }), photo === "loading" && "skeleton", className)}>
      {photo === "failed" && <Initials name={name} isGroup={isGroup} />}
      {photo !== "failed" && (
        <img
          src={src}
          alt=""
          width={SIZES[size]}
          height={SIZES[size]}
          loading="lazy"
          decoding="async"
          className={cn("size-full object-cover transition-opacity duration-200", photo === "loading" && "opacity-0")}
          onLoad={() => setPhoto("loaded")}
          onError={() => setPhoto("failed")}
        />
      )}
    </span>
  );
}

function Initials({ name, isGroup }: { name: string; isGroup: boolean }) {
  const letters = initials(name);
  const hue = hueOf(name);
  const Icon = isGroup ? Users : User;
  return (
    <span
      className="grid size-full place-items-center font-medium tracking-wide text-white"
      style={{ background: `linear-gradient(145deg, oklch(0.6 0.075 ${hue}), oklch(0.47 0.07 ${hue + 28}))` }}
    >
      {letters && !isGroup ? letters : <Icon className="size-1/2" strokeWidth={1.75} />}
    </span>
  );
}
