// Text without its case, for looking whether something can stand in it at all. The rule: what matches whatever its case is the same text once folded;
// two letters beyond ASCII count as the k and the s that they match.

export function fold(text: string): string {
  const lower = text.toLowerCase();
  return lower.includes('\u017f') ? lower.replaceAll('\u017f', 's') : lower;
}
