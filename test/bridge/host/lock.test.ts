// The lock on a state directory, with real processes that hold it and are killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { converge } from '../../../bridge/host/converge.ts';
import { lockHosts } from '../../../bridge/host/lock.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { makePlace, writeAll } from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
  await writeAll(place);
});
afterEach(async () => {
  await place.close();
});

describe('the lock', () => {
  test('lets one change at a time through, also within one process', async () => {
    const lock = await lockHosts(place.stateDir, undefined);
    await expect(lockHosts(place.stateDir, undefined, 100)).rejects.toMatchObject({ code: 'BUSY' });
    const waiting = converge(place.request);
    lock.release();
    expect((await waiting).files.filter((file) => file.isWritten)).toHaveLength(3);
    const reports = await Promise.all([converge(place.request), restore(place.request), converge(place.request)]);
    expect(reports).toHaveLength(3);
  });

  test('stops waiting when it is told to', async () => {
    const lock = await lockHosts(place.stateDir, undefined);
    await expect(converge({ ...place.request, signal: AbortSignal.timeout(100) })).rejects.toThrow();
    lock.release();
  });

  test('ends with the process that held it, killed or not', async () => {
    proves('host-config.one-at-a-time', {
      file: 'bridge/host/lock.ts',
      find: "if (held.kind === 'held') return held;",
      replace: 'if (held.kind !== undefined) return { release: () => undefined };',
    });
    const child = spawn(process.execPath, [join(import.meta.dirname, 'killed.ts'), place.home, '', '', 'hold'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const isEnded = once(child, 'exit');
    try {
      await once(child.stdout, 'data');
      await expect(lockHosts(place.stateDir, undefined, 100)).rejects.toMatchObject({ code: 'BUSY' });
    } finally {
      child.kill('SIGKILL');
      await isEnded;
    }
    (await lockHosts(place.stateDir, undefined, 100)).release();
  });
});
