// What follows from what, and what must not wait for what.
import { expect, test } from 'vitest';
import { pino } from 'pino';
import { createSettling } from '../../bridge/settling.ts';
import { proves } from '../requirement.ts';
import { until } from '../walk/deployment.ts';

const logger = pino({ level: 'silent' });
const { signal } = new AbortController();

test('a changed config does not wait for a local server that is being resolved', async () => {
  proves('host-config.no-wait', {
    file: 'bridge/settling.ts',
    find: 'servers = servers.then(nextServers);',
    replace: 'servers = servers.then(nextServers); hosts = servers;',
  });
  const settled: string[] = [];
  let finish = (): void => {};
  const installed = new Promise<void>((resolve) => (finish = resolve));
  const settling = createSettling(
    {
      async settle(from) {
        settled.push(from);
      },
      resolveServers: () => installed,
      onFailed() {},
    },
    signal,
    logger,
  );
  const first = settling.ask('hosts');
  await until('the first settling', async () => settled.length === 1);
  const second = settling.ask('hosts');
  await until('the second settling', async () => settled.length === 2);
  finish();
  await Promise.all([first, second]);
  await settling.idle();
});

test('what is asked for meanwhile is done once, from the earliest part, and a failure stops nothing', async () => {
  const done: string[] = [];
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const settling = createSettling(
    {
      async settle(from) {
        await begun;
        done.push(from);
        if (done.length === 1) throw new Error('planted');
      },
      async resolveServers() {
        done.push('servers');
      },
      onFailed() {},
    },
    signal,
    logger,
  );
  const first = settling.ask('hosts');
  await Promise.resolve();
  const later = [settling.ask('hosts'), settling.ask('profile'), settling.ask('hosts')];
  begin();
  await Promise.all([first, ...later]);
  await settling.idle();
  expect(done.filter((part) => part !== 'servers')).toEqual(['hosts', 'profile']);
  expect(done).toContain('servers');
});
