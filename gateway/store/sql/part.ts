// Databases limit how many values one statement may carry, so long lists go in parts.

export function parts<T>(rows: readonly T[], size = 500): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, part) => rows.slice(part * size, (part + 1) * size));
}

/** The same with the first one repeated, so that there are few lengths: a statement is made anew for each. */
export function fewLengths<T>([first, ...others]: readonly T[]): readonly T[] {
  if (first === undefined) return [];
  const length = 2 ** Math.ceil(Math.log2(others.length + 1));
  return [...Array.from({ length: length - others.length }, () => first), ...others];
}
