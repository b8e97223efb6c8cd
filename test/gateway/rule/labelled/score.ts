// Recall and precision of the recognizers over a labelled set. The rule: a value counts as found where at least nine tenths of it were, and as a
// mistake where less of what was found is labelled: a hit at half an address helps nobody.
import { type PiiType, piiTypes } from '#contract/rule.ts';
import { fold } from '../../../../gateway/rule/fold.ts';
import { TimeBudget } from '../../../../gateway/rule/match.ts';
import { piiDetector } from '../../../../gateway/rule/pii.ts';
import type { Label, Sample } from './sample.ts';

export interface Score {
  readonly type: PiiType;
  readonly labels: number;
  readonly recall: number;
  readonly precision: number;
  /** Some texts with what was missed, and with what was no such thing. */
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
}

const covers = 0.9;
const shownAtMost = 8;

export function scoresOf(samples: readonly Sample[], types: readonly PiiType[] = piiTypes, threshold = 0.5): readonly Score[] {
  return types.map((type) => {
    const detector = piiDetector({ types: [type], threshold });
    let [labels, found, right, told] = [0, 0, 0, 0];
    const missed: string[] = [];
    const wrong: string[] = [];
    for (const sample of samples) {
      const own = sample.labels.filter((label) => label.type === type);
      const hits = detector.find(sample.text, new TimeBudget(60_000), () => fold(sample.text));
      labels += own.length;
      told += hits.length;
      for (const label of own) {
        if (hits.some((hit) => overlap(hit, label) >= covers * (label.end - label.start))) found++;
        else if (missed.length < shownAtMost) missed.push(sample.text);
      }
      for (const hit of hits) {
        if (own.some((label) => overlap(hit, label) >= covers * (hit.end - hit.start))) right++;
        else if (wrong.length < shownAtMost) wrong.push(sample.text);
      }
    }
    return { type, labels, recall: labels === 0 ? 1 : found / labels, precision: told === 0 ? 1 : right / told, missed, wrong };
  });
}

function overlap(a: Pick<Label, 'start' | 'end'>, b: Pick<Label, 'start' | 'end'>): number {
  return Math.max(0, Math.min(a.end, b.end) - Math.max(a.start, b.start));
}
