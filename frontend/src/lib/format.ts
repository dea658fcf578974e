const KIB = 1024;

/** `1,4 MB`: binary steps under the names people know. */
export function formatBytes(bytes: number, language: string): string {
  if (bytes < KIB) return `${bytes} B`;
  const units = ["KB", "MB", "GB", "TB"];
  const step = Math.min(Math.floor(Math.log(bytes) / Math.log(KIB)), units.length);
  const value = bytes / KIB ** step;
  const digits = value < 10 && step > 1 ? 1 : 0;
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)} ${units[step - 1]}`;
}

/** `1:05`, `1:02:09`. Seconds are cut, as players do. */
export function formatDuration(seconds: number): string {
  const whole = Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0;
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export function formatTime(iso: string, language: string): string {
  const hour = language.startsWith("pt") ? "2-digit" : "numeric";
  return new Intl.DateTimeFormat(language, { hour, minute: "2-digit" }).format(new Date(iso));
}

/** Whole days between two moments by the reader's calendar, not by 24 hours. */
export function daysBetween(earlier: Date, later: Date): number {
  const start = (day: Date) => Date.UTC(day.getFullYear(), day.getMonth(), day.getDate());
  return Math.round((start(later) - start(earlier)) / 86_400_000);
}

export function dayKey(iso: string): string {
  const day = new Date(iso);
  return `${day.getFullYear()}-${day.getMonth() + 1}-${day.getDate()}`;
}

/** "hoje", "ontem", a weekday within the week, else the date. */
export function formatDay(iso: string, language: string, now = new Date()): string {
  const day = new Date(iso);
  const ago = daysBetween(day, now);
  if (ago === 0 || ago === 1) return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(-ago, "day");
  if (ago > 1 && ago < 7) return new Intl.DateTimeFormat(language, { weekday: "long" }).format(day);
  const year = day.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year }).format(day);
}

/** `20 de dez. de 2026`. */
export function formatDate(iso: string, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(iso));
}

/** The stamp of a list row: the hour today, then "ontem", then a weekday, then a short date. */
export function formatStamp(iso: string, language: string, now = new Date()): string {
  const ago = daysBetween(new Date(iso), now);
  if (ago === 0) return formatTime(iso, language);
  if (ago < 7) return formatDay(iso, language, now);
  return new Intl.DateTimeFormat(language, { day: "2-digit", month: "2-digit", year: "2-digit" }).format(new Date(iso));
}

/** Digits as people write them: Brazilian numbers in their own way, others grouped behind a plus sign. */
export function formatPhone(digits: string): string {
  const brazil = /^55(\d{2})(\d{4,5})(\d{4})$/.exec(digits);
  if (brazil) return `+55 ${brazil[1]} ${brazil[2]}-${brazil[3]}`;
  return /^\d{8,15}$/.test(digits) ? `+${digits}` : digits;
}
