// Points in time in words, for the tray and the page. Pure: the caller says what time it is, or two places would disagree.
import { counted } from './counted.ts';

const clock = new Intl.DateTimeFormat('en-US', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric' });
const whole = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });
const relative = new Intl.RelativeTimeFormat('en-US', { numeric: 'auto' });

/** `10:42`, or `Nov 24, 10:42` on another day. Local time; ms since 1970. */
export function clockWords(atMs: number, nowMs: number): string {
  const time = clock.format(atMs);
  return new Date(atMs).toDateString() === new Date(nowMs).toDateString() ? time : `${day.format(atMs)}, ${time}`;
}

/** `Nov 24, 2026, 10:42:07`. */
export function wholeWords(atMs: number): string {
  return whole.format(atMs);
}

const steps = [
  { unit: 'day', ms: 86_400_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
] as const;

/** `5 minutes ago`, `in 2 hours`, `just now`. */
export function relativeWords(atMs: number, nowMs: number): string {
  const apart = atMs - nowMs;
  const step = steps.find(({ ms }) => Math.abs(apart) >= ms);
  if (step) return relative.format(Math.trunc(apart / step.ms), step.unit);
  return apart > 5_000 ? 'in less than a minute' : 'just now';
}

/** `1 minute`, `2 hours`, `1 hour 30 minutes`. */
export function minutesWords(minutes: number): string {
  const count = (n: number, unit: string) => (n === 0 ? '' : counted(n, unit));
  return [count(Math.floor(minutes / 60), 'hour'), count(minutes % 60, 'minute')].filter(Boolean).join(' ');
}
