// Values that an administrator lets by whatever a rule says of them. The rule: case does not count, and all of the value does.
import { fold } from './fold.ts';

/** Whether a value is let by: it is listed, or ends as one that begins with a star says. */
export function allowing(allow: readonly string[]): (value: string) => boolean {
  const exact = new Set(allow.filter((one) => !one.startsWith('*')).map(fold));
  const ends = allow.filter((one) => one.startsWith('*')).map((one) => fold(one.slice(1)));
  if (allow.length === 0) return () => false;
  return (value) => exact.has(fold(value)) || ends.some((end) => fold(value).endsWith(end));
}
