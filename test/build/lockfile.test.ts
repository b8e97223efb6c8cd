// The lockfile, held to what `npm ci` expects of it: a registry that lacks a package of another platform must not stop an install here.
// npm leaves such packages out of the file, and then refuses it; so their entries stand in it, without a hash where none could be had.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';

const root = join(import.meta.dirname, '../..');
const names = z.record(z.string(), z.string()).default({});
const platforms = z.union([z.string().transform((one) => [one]), z.array(z.string())]).optional();
const Entry = z.looseObject({
  version: z.string().optional(),
  integrity: z.string().optional(),
  optional: z.boolean().default(false),
  dependencies: names,
  optionalDependencies: names,
  os: platforms,
  cpu: platforms,
});
const Lock = z.looseObject({ lockfileVersion: z.literal(3), packages: z.record(z.string(), Entry) });
const Manifest = z.looseObject({ dependencies: names, devDependencies: names, optionalDependencies: names });

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(root, path), 'utf8'));

describe('the lockfile', () => {
  test('names every package that one of its packages asks for', async () => {
    proves('foundation.lockfile-whole', {
      file: 'package-lock.json',
      find: '"node_modules/@oxlint/binding-freebsd-x64": {',
      replace: '"node_modules/@oxlint/binding-freebsd-x65": {',
    });
    const { packages } = Lock.parse(await readJson('package-lock.json'));
    /** Node's own way: the nearest node_modules upwards. */
    const isNamed = (from: string, name: string): boolean => {
      if (`${from ? `${from}/` : ''}node_modules/${name}` in packages) return true;
      return from !== '' && isNamed(from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))), name);
    };
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
        .filter((name) => !isNamed(path, name))
        .map((name) => `${path} asks for ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('holds the hash of every package that is installed on this platform', async () => {
    const { packages } = Lock.parse(await readJson('package-lock.json'));
    const fits = (list: readonly string[] | undefined, own: string) => !list || list.includes(own);
    const bare = Object.entries(packages).filter(
      ([path, entry]) => path !== '' && !entry.integrity && fits(entry.os, process.platform) && fits(entry.cpu, process.arch),
    );
    expect(bare.filter(([path]) => !path.endsWith('-musl')).map(([path]) => path)).toEqual([]);
  });

  test('is of this package.json, which names exact versions only', async () => {
    const manifest = Manifest.parse(await readJson('package.json'));
    const wanted = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
    const { packages } = Lock.parse(await readJson('package-lock.json'));
    for (const [name, asked] of Object.entries(wanted)) {
      // a second version of a package stands under a name of its own: `npm:<package>@<version>`
      const version = asked.replace(/^npm:.+@/, '');
      expect(version, `${name} is not exact`).toMatch(/^\d+\.\d+\.\d+(?:-[\w.]+)?$/);
      expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
  });
});
