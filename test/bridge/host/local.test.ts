// The local servers that were taken over, and the slugs that they are known by.
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Slug } from '#contract/id.ts';
import { mergeValues, parseValues } from '#contract/profile-values.ts';
import { converge } from '../../../bridge/host/converge.ts';
import { slugOf, withSlugs } from '../../../bridge/host/ledger.ts';
import { localServers } from '../../../bridge/host/local.ts';
import { sourcesOf } from '../../../bridge/launches.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { claude, codex, makePlace, plantedSecret, sealerWith, vscode, writeAll } from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.close();
});

describe('the local servers that were taken over', () => {
  test('stand once where hosts name the same line, and twice where the lines differ', async () => {
    proves('host-config.local-servers', {
      file: 'bridge/host/local.ts',
      find: 'const key = JSON.stringify([entry.server, line.command, line.args,',
      replace: 'const key = JSON.stringify([entry.server, line.command,',
    });
    await writeAll(place);
    const other = JSON.stringify({ servers: { filesystem: { command: 'npx', args: ['other'] } } });
    await place.write('.config/Code/User/profiles/a1/mcp.json', other);
    await converge(place.request);
    const sources = await localServers(place.request);
    const filesystem = sources.filter((source) => source.server === 'filesystem');
    expect(filesystem.map(({ line, hosts, origin }) => [line.args.at(-1), hosts, origin])).toEqual([
      ['/home/ada/Documents', ['claude-desktop', 'vscode', 'codex'], 'host'],
      ['other', ['vscode'], 'host'],
    ]);
    expect(sources.filter((source) => source.server === 'my-tracker').map((source) => source.hosts)).toEqual([
      ['vscode'],
      ['codex'],
    ]);
  });

  test.each([
    ['a pipe', 'pipe', 'its env file ~/pipe is no plain file (a pipe, '],
    ['a device', '/dev/zero', 'its env file /dev/zero is no plain file (a pipe, '],
    ['a directory', 'folder', 'its env file ~/folder is no plain file (a pipe, '],
    ['not there', 'nothing.env', 'its env file ~/nothing.env is not there. '],
    ['huge', 'huge.env', 'its env file ~/huge.env is larger than 64 KiB. '],
    ['relative', './x.env', 'its env file ./x.env is not named by its full path. '],
  ])('are said to lack their env file where that is %s, and are no server that IT lists', async (what, path, says) => {
    expect(spawnSync('mkfifo', ['-m', '600', join(place.home, 'pipe')]).status).toBe(0);
    await place.write('folder/x', '');
    await place.write('huge.env', `A=${'a'.repeat(70_000)}`);
    const envFile = path.startsWith('.') || path.startsWith('/') ? path : join(place.home, path);
    await place.write(vscode, JSON.stringify({ servers: { x: { command: '/bin/x', envFile, env: { A: 'b' } } } }));
    await converge(place.request);
    const sources = await localServers(place.request);
    expect(sources).toMatchObject([{ line: { command: '/bin/x', env: { A: 'b' } }, lacks: expect.stringContaining(says) }]);
    const { values } = parseValues({ LocalServers: { x: { command: '/bin/x', env: { A: 'b' } } } }, {});
    const listed = mergeValues([{ source: 'file', values }]).profile;
    expect(sourcesOf(listed, sources).map(({ origin, lacks }) => [origin, lacks !== undefined])).toEqual([
      ['profile', false],
      ['host', true],
    ]);
  });

  test('have the environment that their host would give them: its own values, those of a file, those passed on', async () => {
    await place.write('secrets.env', 'FROM_FILE="file value"\nBOTH=file\n');
    const server = {
      command: '${userHome}/bin/x',
      args: ['--home=${userHome}'],
      cwd: '/srv',
      envFile: '${userHome}/secrets.env',
      env: { BOTH: 'entry', COUNT: 3, NOTHING: null },
    };
    await place.write(vscode, JSON.stringify({ servers: { x: server } }));
    await place.write(codex, '[mcp_servers.y]\ncommand = "y"\nenv_vars = ["GIVEN", "ABSENT"]\nenv = { A = "b" }\n');
    await converge(place.request);
    const [x, y] = await localServers({ ...place.request, env: { GIVEN: 'g', OTHER: 'o' } });
    expect(x?.line).toEqual({
      command: join(place.home, 'bin/x'),
      args: [`--home=${place.home}`],
      cwd: '/srv',
      env: { FROM_FILE: 'file value', BOTH: 'entry', COUNT: '3' },
    });
    expect(y?.line).toEqual({ command: 'y', args: [], env: { GIVEN: 'g', A: 'b' } });
  });

  test('can not be read without the key that sealed them', async () => {
    await writeAll(place);
    await converge(place.request);
    await expect(localServers({ ...place.request, sealer: await sealerWith() })).rejects.toMatchObject({
      code: 'SECRET_UNREADABLE',
    });
    expect((await localServers(place.request)).some((source) => source.line.args.includes(`${plantedSecret}-arg`))).toBe(true);
  });

  test('are none before anything was taken', async () => {
    await place.write(claude, '');
    expect(await localServers(place.request)).toEqual([]);
    expect((await converge(place.request)).files.find((file) => file.host === 'claude-desktop')?.state).toBe('compliant');
    expect(await place.text(claude)).toBe('');
  });
});

describe('the slug of an entry', () => {
  const empty = { version: 1 as const, slugs: [], files: [] };
  const slugs = (...names: readonly string[]): readonly string[] => {
    const ledger = withSlugs(empty, names);
    return names.map((name) => slugOf(ledger, name));
  };

  test('is its name where that is one, else a plain form of it', () => {
    expect(slugs('filesystem', 'GitHub', 'my server', 'a__b', 'Ünïcode!', '--x--', 'snake_case')).toEqual([
      'filesystem',
      'github',
      'my-server',
      'a_b',
      'u-ni-code',
      'x',
      'snake_case',
    ]);
  });

  test('is told apart by a hash where another has it, and never changes afterwards', () => {
    const [plain, spaced, none] = slugs('my-server', 'My Server', '日本');
    expect(plain).toBe('my-server');
    expect(spaced).toMatch(/^my-server-[0-9a-f]{8}$/);
    expect(none).toMatch(/^server-[0-9a-f]{8}$/);
    const first = withSlugs(empty, ['My Server']);
    expect(slugOf(withSlugs(first, ['my-server']), 'My Server')).toBe('my-server');
    expect(slugOf(withSlugs(first, ['my-server']), 'my-server')).toMatch(/^my-server-[0-9a-f]{8}$/);
  });

  test('is a slug and unique for any names in any order', () => {
    proves('host-config.slug', {
      file: 'bridge/host/ledger.ts',
      find: "if (base !== '' && !taken.has(base)) return Slug.parse(base);",
      replace: "if (base !== '') return Slug.parse(base);",
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('A b', 'a b', 'a-b', 'a_b', 'A--B'))),
        (names) => {
          const found = slugs(...names);
          expect(new Set(found).size).toBe(names.length);
          for (const slug of found) expect(Slug.safeParse(slug).success).toBe(true);
          const reversed = withSlugs(empty, names.toReversed());
          expect(names.map((name) => slugOf(reversed, name))).toEqual(found);
        },
      ),
    );
  });
});
