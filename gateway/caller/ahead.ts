// Tokens that were made while the clock was ahead. Until their written end they would count for as long as it was ahead and their own time besides. The rule: one
// counts only where its making lies less than a day ahead, so that clocks that differ a little, also of two gateway servers, shut nobody out.

const aheadAtMostMs = 86_400_000;

/** `madeAt`: by the clock of then, in ms since the epoch. */
export function isAhead(madeAt: number, now: number): boolean {
  return madeAt > now + aheadAtMostMs;
}
