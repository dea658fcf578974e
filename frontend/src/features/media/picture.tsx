import { useState } from "react";
import { cn } from "@/lib/cn";

interface Props {
  src: string;
  preview: string | null | undefined;
  alt: string;
  fit?: "cover" | "contain";
}

const LAYER = "absolute inset-0 size-full transition-opacity duration-300";

/** The payload's tiny preview, blurred, until the real picture has faded in over it. Fills the box it stands in. */
export function Picture({ src, preview, alt, fit = "cover" }: Props) {
  const [loaded, setLoaded] = useState("");
  // What was chosen on this machine is all here before it is sent.
  const isWhole = preview?.startsWith("blob:") === true;
  const isSharp = src !== "" && loaded === src;
  return (
    <>
      {preview && (
        <img
          src={preview}
          alt=""
          aria-hidden
          className={cn(LAYER, "object-cover", !isWhole && "scale-110 blur-md", isSharp && "opacity-0 delay-200")}
        />
      )}
      {src && (
        <img
          src={src}
          alt={alt}
          loading="lazy"
          decoding="async"
          data-sight={isSharp ? "loaded" : "loading"}
          onLoad={() => setLoaded(src)}
          className={cn(LAYER, fit === "cover" ? "object-cover" : "object-contain", !isSharp && "opacity-0")}
        />
      )}
    </>
  );
}
