import { useState, type SyntheticEvent } from "react";
import { cn } from "@/lib/cn";

interface Props {
  src: string;
  /** The same with more pixels, for screens that have them. */
  dense?: string;
  preview: string | null | undefined;
  alt: string;
  fit?: "cover" | "contain";
  onLoaded?: () => void;
  /** With the path that did not load. */
  onFailed?: (src: string) => void;
}

const LAYER = "absolute inset-0 size-full transition-opacity duration-300";

/** The payload's tiny preview, blurred, until the real picture has faded in over it. Fills the box it stands in. */
export function Picture({ src, dense, preview, alt, fit = "cover", onLoaded, onFailed }: Props) {
  const [loaded, setLoaded] = useState("");
  // What was chosen on this machine is all here before it is sent.
  const isWhole = preview?.startsWith("blob:") === true;
  const isSharp = src !== "" && loaded === src;

  function onLoad(): void {
    setLoaded(src);
    onLoaded?.();
  }

  function onError({ currentTarget }: SyntheticEvent<HTMLImageElement>): void {
    onFailed?.(dense && currentTarget.currentSrc.endsWith(dense) ? dense : src);
  }

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
          srcSet={dense ? `${src} 1x, ${dense} 2x` : undefined}
          alt={alt}
          loading="lazy"
          decoding="async"
          data-sight={isSharp ? "loaded" : "loading"}
          onLoad={onLoad}
          onError={onError}
          className={cn(LAYER, fit === "cover" ? "object-cover" : "object-contain", !isSharp && "opacity-0")}
        />
      )}
    </>
  );
}
