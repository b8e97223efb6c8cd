// What becomes of a text in which something was found. The rule: what was found is in the text no more, and what stands in its place gives nothing of it
// away but what the action says.
import { createHmac } from 'node:crypto';
import { assertNever } from '#contract/assert.ts';
import type { RuleAction } from '#contract/rule.ts';
import type { Match } from './match.ts';

export interface Change {
  readonly action: Exclude<RuleAction, 'block' | 'alert'>;
  readonly with?: string | undefined;
  readonly keep?: number | undefined;
  /** Of the gateway: the same text has the same hash there, and another one elsewhere. */
  readonly hashKey: Buffer;
}

const keptUsually = 4;
const hashLength = 16;

export function applyChange(text: string, matches: readonly Match[], change: Change): string {
  let changed = '';
  let at = 0;
  for (const match of matches) {
    changed += text.slice(at, match.start) + instead(text.slice(match.start, match.end), match.type, change);
    at = match.end;
  }
  return changed + text.slice(at);
}

function instead(found: string, type: string, { action, with: words, keep = keptUsually, hashKey }: Change): string {
  switch (action) {
    case 'redact':
      return '[REDACTED]';
    case 'replace':
      return words ?? `<${type}>`;
    case 'mask': {
      const characters = [...found];
      // Of what is short nothing is shown: a half of it would be too much.
      const shown = characters.length >= keep * 2 && keep > 0 ? characters.slice(-keep) : [];
      return '*'.repeat(characters.length - shown.length) + shown.join('');
    }
    case 'hash':
      return `<${type}:${createHmac('sha256', hashKey).update(found).digest('hex').slice(0, hashLength)}>`;
    default:
      return assertNever(action);
  }
}
