/** What people react with most: thumb, heart, laughter, surprise, tears, thanks. */
export const QUICK_EMOJI = ["1f44d", "2764-fe0f", "1f602", "1f62e", "1f622", "1f64f"].map(emojiOf);

/** `1f468-200d-1f4bb` as the character that it is. */
export function emojiOf(points: string): string {
  return String.fromCodePoint(...points.split("-").map((point) => parseInt(point, 16)));
}
