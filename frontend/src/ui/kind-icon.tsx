import {
  Ban,
  ChartBarBig,
  CircleHelp,
  Contact,
  FileText,
  Image,
  MapPin,
  Mic,
  Music,
  Sticker,
  Video,
  type LucideIcon,
} from "lucide-react";
import { cn } from "@/lib/cn";

const ICONS: Record<string, LucideIcon | null> = {
  text: null,
  image: Image,
  video: Video,
  audio: Music,
  voice: Mic,
  document: FileText,
  sticker: Sticker,
  location: MapPin,
  contact: Contact,
  poll: ChartBarBig,
  unsupported: CircleHelp,
  deleted: Ban,
};

/** The sign of a kind of message; plain text has none. */
export function KindIcon({ kind, className }: { kind: string; className?: string }) {
  const Icon = kind in ICONS ? ICONS[kind] : CircleHelp;
  return Icon ? <Icon className={cn("size-4", className)} aria-hidden /> : null;
}
