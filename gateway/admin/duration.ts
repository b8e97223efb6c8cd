// How long something lasts, as people write it: 90d, 12h, 30m, 45s.
import { Fault } from '#contract/error.ts';

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const longestMs = 3650 * 86_400_000;

/** Milliseconds. Throws SETTING_INVALID naming `setting`. */
export function parseDuration(text: string, setting: string): number {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text);
  const ms = Number(match?.[1]) * (unitMs[match?.[2] ?? ''] ?? NaN);
  if (ms <= longestMs) return ms;
  throw new Fault('SETTING_INVALID', { setting, reason: 'write a duration such as 90d, 12h or 30m (at most 3650d).' });
}
