// `npm start` and the companion: with a display it opens on the bridge that runs, and goes with it; without one, or without an Electron, one line says why.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { freePort } from '../free-port.ts';
import { until } from '../walk/deployment.ts';
import { processesWith } from '../walk/process.ts';
import { root, startProgram } from '../walk/program.ts';
import { proves } from '../requirement.ts';
import { bringElectron } from './binary.ts';
import { missingPrograms, openSession } from './session.ts';

const Ready = z.looseObject({ companion: z.string(), pids: z.looseObject({ companion: z.number().optional() }) });
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-start-'));
});
afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }));

const start = async (env: Record<string, string>) => {
  const args = ['--json', '--listen', `127.0.0.1:${await freePort()}`, '--data', dir];
  return startProgram(join(root, 'build/start/main.ts'), args, { DISPLAY: '', WAYLAND_DISPLAY: '', ...env });
};

test('with a display it is open on the bridge that runs, and stopping ends it too', { timeout: 120_000 }, async ({ skip }) => {
  proves('start.companion-open', { file: 'build/start/main.ts', find: 'await companion?.stop();', replace: '' });
  const missing = missingPrograms();
  if (missing.length > 0) skip(`there is no ${missing.join(', ')}`);
  const [electron, session] = [await bringElectron(), await openSession()];
  try {
    const program = await start({ ...session.env, DRAWBRIDGE_ELECTRON: electron.executable });
    const ready = Ready.parse(await program.event('ready'));
    expect(ready.companion).toBe('open');
    expect((await processesWith(`--agent-socket=${join(dir, 'bridge/agent.sock')}`)).includes(ready.pids.companion ?? 0)).toBe(
      true,
    );
    program.child.kill('SIGINT');
    await until('everything to be gone', async () => (await processesWith(dir)).length === 0, 20_000);
    expect(await program.stop()).toBe(0);
  } finally {
    await session.close();
  }
});

test.each([
  ['a display', {}, 'not shown: there is no display here'],
  ['an Electron', { DISPLAY: ':987', DRAWBRIDGE_ELECTRON: '/nowhere/electron' }, 'DRAWBRIDGE_ELECTRON names /nowhere/electron'],
  ['a display that answers', { DISPLAY: ':987', DRAWBRIDGE_ELECTRON: process.execPath }, 'the companion did not start'],
])('without %s it says why in one line and goes on', { timeout: 120_000 }, async (_what, env, reason) => {
  const program = await start(env);
  const ready = Ready.parse(await program.event('ready'));
  expect(ready.companion).toContain(reason);
  expect(ready.companion).not.toContain('\n');
  expect(await program.stop('SIGINT')).toBe(0);
});
