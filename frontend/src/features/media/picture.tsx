import { useState } from "react";
import { cn } from "@/lib/cn";

interface Props {
  src: string;
  preview: string | null | undefined;
  alt: string;
  fit?: "cover" | "contain";
}

/** The payload's tiny preview, blurred, and the real picture fading in over it. Fills the box it stands in. */
export function Picture({ src, preview, alt, fit = "cover" }: Props) {
  return (
    <>
      {preview && (
        <img src={preview} alt="" aria-hidden className="absolute inset-0 size-full scale-110 object-cover blur-md" />
      )}
      {src && <Sharp key={src} src={src} alt={alt} fit={fit} />}
    </>
  );
}

function Sharp({ src, alt, fit }: { src: string; alt: string; fit: "cover" | "contain" }) {
  const [sight, setSight] = useState<"loading" | "loaded">("loading");
  return (
    <img
      src={src}
      alt={alt}
      loading="lazy"
      decoding="async"
      data-sight={sight}
      onLoad={() => setSight("loaded")}
      className={cn(
        "absolute inset-0 size-full transition-opacity duration-300",
        fit === "cover" ? "object-cover" : "object-contain",
        sight === "loading" && "opacity-0",
      )}
    />
  );
}
