// What is said first on a device: what the gateway server says of a switch has its times in words, as everything else there has.
import { expect, test } from 'vitest';
import { standingOf } from '#contract/standing.ts';
import { clockWords } from '#contract/when.ts';
import { nowMs, stateWith } from '../bridge/state-fixture.ts';

const saidOf = (message: string) => {
  const tunnel = { kind: 'refused', code: 'SWITCHED_OFF', message, retryAtMs: nowMs + 30_000, since: nowMs };
  return standingOf({ kind: 'running', state: stateWith({ tunnel }) }, nowMs);
};
const at = (ms: number): string => new Date(ms).toISOString();

test('a device that is switched off reads since when and until when by its own clock', () => {
  const [since, until] = [nowMs - 26 * 3_600_000, nowMs + 600_000];
  const standing = saidOf(
    `The workstation was switched off by an administrator at ${at(since)} until ${at(until)}. Ask your administrator.`,
  );
  expect(standing.headline).toBe(
    `The workstation was switched off by an administrator at ${clockWords(since, nowMs)} until ${clockWords(until, nowMs)}. Ask your administrator.`,
  );
});

test('what is no time in the reason of a switch stays as it was written', () => {
  const message =
    'The workstation was switched off. The reason: build 2026-99-99T99:99:99.999Z of 2026-11-27. Ask your administrator.';
  expect(saidOf(message).headline).toBe(message);
});
