// The words of single checks of `drawbridge doctor`, where no deployment is needed to hear them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { examineTunnel } from '../../../bridge/command/examine.ts';
import { duration } from '../../../bridge/command/words.ts';
import { root, run } from '../../walk/program.ts';
import { stateWith } from '../state-fixture.ts';

test.each([
  ['gateway_unset', 'Set GatewayURL in the profile.'],
  ['not_enrolled', 'Run "drawbridge enroll" with a token from your administrator.'],
  ['paused', 'It ends by itself. "drawbridge resume" ends it now.'],
] as const)('a tunnel that is off because of %s is not blamed on the network', (reason, action) => {
  const value = stateWith({ tunnel: { kind: 'off', since: 0, reason } });
  expect(examineTunnel({ agent: { kind: 'answered', value } })).toMatchObject([{ outcome: 'wrong', action }]);
});

test('a device without a gateway is told to set one before it enrolls', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-examine-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const done = await run(join(root, 'bridge/cli.ts'), ['doctor', '--json', '--state', dir, '--home', dir]);
  const { checks } = JSON.parse(done.stdout) as { checks: { name: string; action?: string }[] };
  expect(checks.find(({ name }) => name === 'enrollment')?.action).toBe(
    'Set GatewayURL in the profile. Run "drawbridge enroll" with a token from your administrator.',
  );
});

test('a duration is said in the unit that a person reads', () => {
  const [second, minute, hour] = [1_000, 60_000, 3_600_000];
  expect([4 * second, 119 * second, 10 * minute, 5 * hour, 47 * hour, 240 * hour].map(duration)).toEqual([
    '4 s',
    '119 s',
    '10 min',
    '5 h',
    '47 h',
    '10 d',
  ]);
});
