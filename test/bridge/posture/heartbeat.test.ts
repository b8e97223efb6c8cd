// What is said where the posture can't be written, with real files.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createHeartbeat } from '../../../bridge/posture/heartbeat.ts';
import type { Heartbeat } from '../../../bridge/posture/heartbeat.ts';
import { readPosture } from '../../../bridge/posture/status-file.ts';
import { proves } from '../../requirement.ts';
import { nowMs, stateWith } from '../state-fixture.ts';

interface Ground {
  readonly dir: string;
  readonly lines: readonly unknown[];
  readonly heartbeat: Heartbeat;
}

async function prepare(place: (dir: string) => string): Promise<Ground> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-heartbeat-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const lines: unknown[] = [];
  const heartbeat = createHeartbeat({
    facts: {
      platform: 'linux',
      arch: 'x64',
      hostname: 'laptop',
      osVersion: '6.1',
      uid: 1000,
      userName: 'ada',
      bootId: undefined,
    },
    file: async () => place(dir),
    heartbeatSeconds: () => 300,
    current: () => stateWith(),
    signer: () => undefined,
    now: () => nowMs,
    logger: pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
  onTestFinished(() => heartbeat.close());
  return { dir, lines, heartbeat };
}
const said = (file: string, reason: string, msg: string): object => ({
  level: 50,
  code: 'FILE_UNUSABLE',
  reason: `Can't use ${file}: ${reason}`,
  msg,
});

test.each(['status.json', 'posture.sqlite'])(
  'that %s can not be written is said once with what to do, and once that it is again',
  async (name) => {
    proves('posture.trouble-said', {
      file: 'bridge/posture/heartbeat.ts',
      find: 'if (reason === said) return;',
      replace: '',
    });
    const what = name === 'status.json' ? 'posture file' : name;
    const { dir, lines, heartbeat } = await prepare((of) => join(of, 'status.json'));
    await mkdir(join(dir, name));
    for (let beat = 0; beat < 3; beat++) await heartbeat.beat();
    expect(lines).toEqual([said(join(dir, name), 'it is a directory. Remove it.', `${what} not written`)]);
    await rm(join(dir, name), { recursive: true });
    for (let beat = 0; beat < 2; beat++) await heartbeat.beat();
    expect(lines.slice(1)).toEqual([{ level: 30, msg: `${what} written again` }]);
    expect(await readPosture(join(dir, 'status.json'))).toMatchObject({ kind: 'read' });
  },
);

test.each([
  ['below /proc', () => '/proc/drawbridge/x/status.json', 'nothing can be made there. Name another place.'],
  [
    'below a file',
    (dir: string) => join(dir, 'file', 'x', 'status.json'),
    'something else stands in its place or in that of a folder above it. Remove that.',
  ],
])('a place %s is said to be none', async (_where, place, reason) => {
  const { dir, lines, heartbeat } = await prepare(place);
  await writeFile(join(dir, 'file'), '');
  expect(await heartbeat.beat()).toBeUndefined();
  expect(lines).toEqual([said(place(dir), reason, 'posture file not written')]);
});
