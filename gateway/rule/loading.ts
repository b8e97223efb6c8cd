// What compiling rules needs, each part loaded for the first rule that needs it: nobody else pays for it when the gateway server starts.
import type { CompileDeps } from './compile.ts';
import { openPatternEngine, type PatternEngine } from './pattern.ts';

export function compileDepsOf(hashSecret: Buffer): CompileDeps {
  let patterns: PatternEngine | undefined;
  return {
    hashSecret,
    patterns: () => (patterns ??= openPatternEngine()),
    pii: async () => (await import('./pii.ts')).piiDetector,
  };
}
