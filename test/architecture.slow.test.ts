// The architecture's guards, shown what they must refuse: forbidden imports and broken house rules are planted in a copy of the repository.
// An import across programs has to be refused three times: by the architecture check, by oxlint and by the compiler.
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check, layerOf } from './architecture/check.ts';
import { readSources } from './architecture/source.ts';
import { proves } from './requirement.ts';
import { type Scratch, copyRepository } from './scratch.ts';

const root = join(import.meta.dirname, '..');

describe('in a copy of the repository', () => {
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await copyRepository(root);
  });
  afterAll(async () => await scratch.close());

  /** Writes a file, checks the copy, and takes the file away again. */
  const withFile = async <T>(path: string, text: string, look: () => Promise<T>): Promise<T> => {
    const file = join(scratch.root, path);
    await writeFile(file, text);
    try {
      return await look();
    } finally {
      await rm(file);
    }
  };
  const complaints = async (path: string) => check(await readSources(scratch.root)).filter((line) => line.startsWith(`${path}:`));
  const tool = async (script: string, ...args: string[]) =>
    await new Promise<{ status: number; output: string }>((resolve) => {
      const file = join(root, 'node_modules', script);
      execFile(process.execPath, [file, ...args], { cwd: scratch.root, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ status: error ? 1 : 0, output: stdout + stderr }),
      );
    });

  const foreign = "// Planted.\nimport type { Pool } from '../../bridge/server/pool.ts';\nexport type Planted = Pool;\n";
  const planted = 'gateway/policy/planted.ts';

  test('an import of another program is refused by this check, by oxlint and by the compiler', async () => {
    proves('foundation.guard-refuses', {
      file: 'test/architecture/check.ts',
      find: 'return covers(layer.at, ours) || layer.ours.some((at) => covers(at, ours))',
      replace: 'return ours.length > 0',
    });
    await withFile(planted, foreign, async () => {
      expect(await complaints(planted)).toEqual([expect.stringContaining("may not import '../../bridge/server/pool.ts'")]);

      const lint = await tool('oxlint/bin/oxlint', planted);
      expect(lint).toMatchObject({ status: 1, output: expect.stringContaining('no-restricted-imports') });

      const compiled = await tool('typescript/bin/tsc', '-b', 'gateway');
      expect(compiled.status).toBe(1);
      expect(compiled.output).toMatch(/TS6307|TS6059/);
      expect(compiled.output).toContain('bridge/server/pool.ts');
    });
  });

  test.each([
    ['an inner layer below it', "import type { Store } from '../store/store.ts';\nexport type A = Store;"],
    ['an inner layer, dynamically', "export const a = () => import('../store/store.ts');"],
    ['an inner layer, by a type query', "export type A = import('../store/store.ts').Store;"],
    ['an inner layer, by re-exporting it', "export type { Store } from '../store/store.ts';"],
    ['a package that has its door elsewhere', "import Database from 'better-sqlite3';\nexport const a = Database;"],
    ["Node's modules in a pure folder", "import { readFile } from 'node:fs/promises';\nexport const a = readFile;"],
  ])('an import of %s is refused', async (_what, text) => {
    await withFile(planted, `// Planted.\n${text}\n`, async () => {
      expect(await complaints(planted)).toEqual([expect.stringContaining('may not import')]);
    });
  });

  test.each([
    [planted, `// Planted.\n${'\n'.repeat(400)}`, 'has 401 lines'],
    [planted, 'export const a = 1;\n', 'opens without a comment'],
    [planted, '// Planted.\nexport default 1;\n', 'default export'],
    [planted, "// Planted.\nexport const a = process.env['HOME'];\n", 'reads process.env'],
    ['gateway/policy/utils.ts', '// Planted.\n', 'named by a technique'],
  ])('%s with a broken house rule is refused (%#)', async (path, text, complaint) => {
    proves('foundation.short-files', {
      file: 'test/architecture/check.ts',
      find: 'const longestFile = 400;',
      replace: 'const longestFile = 500;',
    });
    await withFile(path, text, async () => {
      expect(await complaints(path)).toEqual([expect.stringContaining(complaint)]);
    });
  });

  test('a folder that no row of the table covers is refused', async () => {
    await withFile('gateway/stray.ts', '// Planted.\n', async () => {
      expect(await complaints('gateway/stray.ts')).toEqual([]);
    });
    expect(layerOf('gateway/elsewhere/stray.ts')).toBeUndefined();
  });
});
