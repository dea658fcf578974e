/** Words without their accents and capitals, so that "coracao" finds "Coração". */
export function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
