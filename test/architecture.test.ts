// The architecture, checked on every source file: who imports whom, how long files are, what they are called.
// A guard that sees nothing passes everything, so this one says how much it saw; architecture.slow.test.ts shows it what it must refuse.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { check, layerOf } from './architecture/check.ts';
import { readTable, tableRows } from './architecture/document.ts';
import { type Source, readSources } from './architecture/source.ts';
import { programs } from './architecture/door.ts';
import { layers } from './architecture/table.ts';
import { proves } from './requirement.ts';

const root = join(import.meta.dirname, '..');
const fewestModules = 60;

describe('the source files of this repository', () => {
  let sources: readonly Source[] = [];
  beforeAll(async () => {
    sources = await readSources(root);
  });

  test('keep the import table and the house rules', () => {
    proves('foundation.import-star', {
      file: 'gateway/call.ts',
      find: "import type { Fault } from '#contract/error.ts';",
      replace: "import type { Fault } from '#contract/error.ts';\nimport type {} from '../bridge/server/pool.ts';",
    });
    expect(check(sources)).toEqual([]);
  });

  test('were all seen: enough modules, and some of every program', () => {
    proves('foundation.guard-sees', {
      file: 'test/architecture/source.ts',
      find: "const folders = ['contract', 'gateway', 'bridge', 'main', 'renderer', 'build', 'test'];",
      replace: "const folders = ['contract', 'gateway', 'main', 'renderer', 'build', 'test'];",
    });
    const modules = sources.filter((source) => !source.path.startsWith('test/'));
    console.log(`architecture: saw ${modules.length} modules and ${sources.length - modules.length} files of tests`);
    expect(modules.length).toBeGreaterThan(fewestModules);
    for (const program of programs) {
      const seen = modules.some((source) => source.path.startsWith(`${program}/`));
      expect(seen, `modules of ${program}/`).toBe(true);
    }
    expect(modules.flatMap((source) => source.imports).length).toBeGreaterThan(modules.length);
  });

  test('give every row of the import table something to rule', () => {
    const ruled = new Set(sources.map((source) => layerOf(source.path)));
    expect(layers.filter((layer) => !ruled.has(layer)).map((layer) => layer.at)).toEqual([]);
  });

  test('can not form a cycle of folders: each row allows only rows above it', () => {
    const rowOf = (at: string) => layers.findIndex((layer) => layer === layerOf(at.endsWith('/') ? `${at}any.ts` : at));
    const upward = layers.flatMap((layer, row) =>
      layer.ours.filter((at) => !layer.at.startsWith(at) && rowOf(at) >= row).map((at) => `${layer.at} allows ${at}`),
    );
    expect(upward).toEqual([]);
  });

  test('are described by the table in ARCHITECTURE.md', async () => {
    proves('foundation.document-true', {
      file: 'test/architecture/table.ts',
      find: "{ at: 'bridge/socket/', ours: [...contract, 'bridge/plain-file.ts'],",
      replace: "{ at: 'bridge/socket/', ours: [...contract, 'bridge/host/'],",
    });
    const shown = readTable(await readFile(join(root, 'ARCHITECTURE.md'), 'utf8'));
    expect(shown, 'stale: run `npm run generate`').toEqual(tableRows());
  });
});
