// The gateway server in one piece, as set-up makes it: it is what the sources are, and never run once they have changed.
import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { type Scratch, copyRepository } from '../scratch.ts';

const repository = join(import.meta.dirname, '../..');
const run = promisify(execFile);

describe('the gateway server in one piece', () => {
  let scratch: Scratch;
  let parts: readonly string[] = [];
  const at = (path: string): string => join(scratch.root, path);
  const make = async (): Promise<void> => {
    await run(process.execPath, ['build/package/gateway.ts'], { cwd: scratch.root });
  };
  const made = async (): Promise<readonly string[]> => (await readdir(at('out/gateway'))).filter((name) => name !== 'made.mjs');
  /** What a start loads that shows all commands, and what it printed. */
  const start = async (): Promise<{ printed: string; loaded: readonly string[] }> => {
    const env = { ...process.env, LOADED: at('loaded') };
    const recorder = pathToFileURL(join(repository, 'test/fake/loaded.ts')).href;
    const { stdout } = await run(process.execPath, ['--import', recorder, 'gateway/launch.mjs', '--help'], {
      cwd: scratch.root,
      env,
    });
    return {
      printed: stdout,
      loaded: (await readFile(at('loaded'), 'utf8')).split('\n').filter((line) => line.includes('/gateway/')),
    };
  };
  /** As long as it was, so that only its time tells. */
  const change = async (file: string, from: string, to: string): Promise<void> => {
    const text = await readFile(at(file), 'utf8');
    expect(text).toContain(from);
    expect(to).toHaveLength(from.length);
    await writeFile(at(file), text.replace(from, to));
  };

  const daysAgo = (days: number): Date => new Date(Date.now() - days * 24 * 3_600_000);
  const former = async (name: string, madeAt: Date): Promise<void> => {
    await mkdir(at(join('out/gateway', name)));
    await utimes(at(join('out/gateway', name)), madeAt, madeAt);
  };

  beforeAll(async () => {
    scratch = await copyRepository(repository);
    // by a clock that went ahead
    await utimes(at('contract/error.ts'), daysAgo(-1), daysAgo(-1));
    await make();
    const [folder = ''] = await made();
    parts = (await readdir(at(join('out/gateway', folder)))).map((name) => join('out/gateway', folder, name));
  });
  afterAll(async () => await scratch.close());

  test('is what is run where it was made of the sources that lie there', async () => {
    const { printed, loaded } = await start();
    expect(printed).toContain('Runs the gateway server until SIGTERM or SIGINT.');
    expect(loaded.filter((line) => line.includes('.ts as '))).toEqual([]);
    expect(loaded.length).toBeGreaterThan(20);
  });

  test('looks for nothing by the name of a source, and its threads stand by themselves', async () => {
    for (const part of parts.filter((name) => name.endsWith('.mjs')))
      expect(await readFile(at(part), 'utf8'), part).not.toMatch(/new URL\(["'][^"']+\.ts["']/);
    const reader = parts.find((name) => name.endsWith('/policy-worker.mjs'));
    const thread = new Worker(at(reader ?? ''), { workerData: 'gateways: 3' });
    const read = await new Promise<unknown>((resolve, reject) => thread.once('message', resolve).once('error', reject));
    expect(read).toMatchObject({ kind: 'invalid' });
    expect(parts.some((name) => name.endsWith('/signature-worker.mjs'))).toBe(true);
  });

  test('has maps to the sources that lie there, for who starts Node with --enable-source-maps', async () => {
    const maps = parts.filter((name) => name.endsWith('.mjs.map'));
    const named = await Promise.all(
      maps.map(async (map) => {
        const { sources } = z.object({ sources: z.array(z.string()) }).parse(JSON.parse(await readFile(at(map), 'utf8')));
        return sources.map((source) => relative(scratch.root, join(dirname(at(map)), source)));
      }),
    );
    expect(named.flat()).toEqual(expect.arrayContaining(['gateway/cli.ts', 'gateway/main.ts', 'contract/error.ts']));
  });

  test('is left for the sources where it is not whole, or what says so can not be read', async () => {
    const isOfSources = async (): Promise<boolean> => (await start()).loaded.some((line) => line.includes('/gateway/cli.ts as '));
    const part = at(parts.find((name) => /\/serve-[^/]*\.mjs$/.test(name)) ?? '');
    await rename(part, `${part}.away`);
    expect(await isOfSources()).toBe(true);
    await rename(`${part}.away`, part);
    const note = await readFile(at('out/gateway/made.mjs'));
    await writeFile(at('out/gateway/made.mjs'), note.subarray(0, 1000));
    expect(await isOfSources()).toBe(true);
    await writeFile(at('out/gateway/made.mjs'), note);
    expect(await isOfSources()).toBe(false);
  });

  test('has its compiled code in a folder of its own, where that of a former one is removed', async () => {
    const dataDir = at('data');
    await mkdir(join(dataDir, 'cache/program-former'), { recursive: true, mode: 0o700 });
    await mkdir(join(dataDir, 'cache/other'), { mode: 0o700 });
    await run(process.execPath, ['gateway/launch.mjs', 'token', '--help', '--data', dataDir], { cwd: scratch.root });
    const [name = ''] = await made();
    expect((await readdir(join(dataDir, 'cache'))).toSorted()).toEqual(['other', `program-${name}`]);
    expect(await readdir(join(dataDir, 'cache', `program-${name}`))).toHaveLength(1);
  });

  test('is left for the sources as soon as one of them is another, and made anew beside the former one', async () => {
    proves('foundation.never-stale', {
      file: 'build/package/gateway.ts',
      find: 'found?.size === size && found.mtimeMs === mtimeMs',
      replace: 'found?.size === size',
    });
    await change('gateway/cli.ts', 'until SIGTERM or SIGINT', 'until SIGTERM or sigint');
    const { printed, loaded } = await start();
    expect(printed).toContain('until SIGTERM or sigint');
    expect(loaded.some((line) => line.includes('/gateway/cli.ts as '))).toBe(true);

    const [first = ''] = await made();
    await utimes(at(join('out/gateway', first)), daysAgo(30), daysAgo(30));
    await make();
    const again = await start();
    expect(again.printed).toContain('until SIGTERM or sigint');
    expect(again.loaded.some((line) => line.includes('.ts as '))).toBe(false);
    // it was the newest until now: a gateway server may run that was started from it
    expect(await made()).toContain(first);
  });

  test('goes a week after the next one was made, or where there are too many', async () => {
    await former('long-ago', daysAgo(40));
    await former('8-days-ago', daysAgo(8));
    await former('6-days-ago', daysAgo(6));
    await former('.making-by-one-that-ended', daysAgo(8));
    await make();
    const stayed = await made();
    expect(stayed).toEqual(expect.arrayContaining(['8-days-ago', '6-days-ago']));
    for (const name of ['long-ago', '.making-by-one-that-ended']) expect(stayed).not.toContain(name);

    for (let nth = 0; nth < 25; nth++) await former(`another-${nth}`, new Date(Date.now() - 3_600_000));
    await make();
    expect(await made()).toHaveLength(21);
  });
});
