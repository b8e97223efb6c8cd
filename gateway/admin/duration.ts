// How long something lasts, as people write it (90d, 12h, 30m, 45s) and as they read it.
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

/** `12.3 s`, `4 min 5 s`, `3 h 12 min`, `10 d 0 h`: what a person takes in, the two largest units. */
export function durationWords(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit));
  if (days) return `${days} d ${(hours ?? 0) % 24} h`;
  if (hours) return `${hours} h ${(minutes ?? 0) % 60} min`;
  return `${minutes} min ${seconds % 60} s`;
}
