// Databases limit how many values one statement may carry, so long lists go in parts.

export function parts<T>(rows: readonly T[], size = 500): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, part) => rows.slice(part * size, (part + 1) * size));
}
