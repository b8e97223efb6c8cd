// The same numbers for the same seed, on every machine and for good: a set that is made of them is always the same set.

export interface Random {
  /** 0 up to, but not including, `below`. */
  int(below: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  /** True with this probability. */
  chance(probability: number): boolean;
  digits(count: number): string;
  letters(count: number): string;
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number) => Math.floor(next() * below);
  const many = (alphabet: string, count: number) =>
    Array.from({ length: count }, () => alphabet[int(alphabet.length)] ?? '').join('');
  return {
    int,
    pick: (from) => from[int(from.length)] ?? from[0],
    chance: (probability) => next() < probability,
    digits: (count) => many('0123456789', count),
    letters: (count) => many('ABCDEFGHIJKLMNOPQRSTUVWXYZ', count),
  };
}
