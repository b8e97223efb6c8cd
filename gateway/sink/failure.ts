// The system's own code of what failed, for words that say no more than that. The rule: no path, address or content leaves by it.

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code';
}
