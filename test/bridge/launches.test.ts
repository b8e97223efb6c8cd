// The local servers of a device while they are being resolved: real launches, and one whose program answers only when it is told to.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Slug } from '#contract/id.ts';
import type { LocalServerSource } from '#contract/server.ts';
import { createLaunches } from '../../bridge/launches.ts';
import type { Launches } from '../../bridge/launches.ts';
import { resolveLaunch } from '../../bridge/server/resolve.ts';
import { proves } from '../requirement.ts';
import { fake, freshFolder, resolveDeps, sourceOf, until } from './server/fixture.ts';

const echo = sourceOf('echo', { command: process.execPath, args: [fake('counting')] });
const named = (servers: readonly { readonly server: string }[]): readonly string[] => servers.map(({ server }) => server);

interface Ground {
  readonly launches: Launches;
  /** Its image is not found, but only once `answer` was called. */
  readonly late: LocalServerSource;
  answer(): Promise<void>;
  /** How often something else stood. */
  changes(): number;
}

async function prepare(): Promise<Ground> {
  const folder = await freshFolder();
  const docker = join(folder, 'docker');
  await writeFile(docker, '#!/bin/sh\nwhile [ ! -e "$0.answer" ]; do sleep 0.05; done\nexit 1\n', { mode: 0o755 });
  let changes = 0;
  const launches = createLaunches({
    resolve: (source) => resolveLaunch(source, resolveDeps(folder)),
    sanction: () => undefined,
    health: () => [],
    onChange: () => changes++,
    logger: pino({ level: 'silent' }),
  });
  return {
    launches,
    late: sourceOf('late', { command: docker, args: ['run', '--rm', '-i', 'nowhere.example/image'] }),
    answer: () => writeFile(`${docker}.answer`, ''),
    changes: () => changes,
  };
}

test('a server stands as soon as it is resolved, and one that is still being resolved is nothing yet', async () => {
  proves('local-server.late-keeps-none', {
    file: 'bridge/launches.ts',
    find: 'next.set(source, outcome);\n          show();',
    replace: 'next.set(source, outcome);\n          if (next.size === sources.length) show();',
  });
  const { launches, late, answer, changes } = await prepare();
  const resolving = launches.resolve([late, echo]);
  await until(() => launches.isKnown(echo.server));
  expect(named(launches.offers())).toEqual(['echo']);
  expect(launches.view()).toMatchObject({ servers: [{ server: 'echo', status: 'ready' }], findings: [] });
  expect(launches.isKnown(late.server)).toBe(false);
  const before = changes();
  await answer();
  expect(await resolving).toBe(true);
  expect(changes()).toBeGreaterThan(before);
  expect(launches.view()).toMatchObject({
    servers: [
      { server: 'late', status: 'unresolved' },
      { server: 'echo', status: 'ready' },
    ],
    findings: [{ code: 'server_unresolved' }],
  });
});

test('what is resolved anew stays what it was meanwhile, and what nobody names any more is gone at once', async () => {
  const { launches, late, answer } = await prepare();
  const other = { ...echo, server: Slug.parse('other') };
  await launches.resolve([echo, other]);
  const changed = { ...late, server: echo.server };
  const resolving = launches.resolve([changed]);
  expect(launches.current).toMatchObject([{ source: { server: 'echo', line: echo.line } }]);
  expect(launches.refusal(other.server, launches.current[0]!.fingerprint)).toMatchObject({ code: 'SERVER_NOT_OFFERED' });
  await answer();
  await resolving;
  expect(launches.view()).toMatchObject({ servers: [{ server: 'echo', status: 'unresolved' }] });
});

test('of two entries under one name neither stands before both are resolved, so that a conflict is never half seen', async () => {
  const { launches, late, answer } = await prepare();
  const twin = { ...late, server: echo.server };
  const resolving = launches.resolve([echo, twin, { ...echo, server: Slug.parse('other') }]);
  await until(() => launches.isKnown(Slug.parse('other')));
  expect(named(launches.offers())).toEqual(['other']);
  await answer();
  await resolving;
  expect(named(launches.offers())).toEqual(['echo', 'other']);
});

test('a later list ends an earlier one, which then changes nothing any more', async () => {
  const { launches, late, answer } = await prepare();
  const first = launches.resolve([late]);
  await launches.resolve([echo]);
  await answer();
  expect(await first).toBe(false);
  expect(named(launches.view().servers)).toEqual(['echo']);
});
