// A directory at odd places: it is made, or it is said at once why not.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freshFolder } from '../../suite/ground.ts';

const script = join(import.meta.dirname, '../../../gateway/cli.ts');
let folder: string;
beforeEach(async () => {
  folder = await freshFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** In a process of its own: what turns for ever holds the thread. */
function make(directory: string): string {
  const code = `import('${join(import.meta.dirname, '../../../gateway/store/make-directory.ts')}').then(({ makeDirectory }) => makeDirectory(${JSON.stringify(directory)})).then(() => console.log('made'), ({ code }) => console.log(code))`;
  const { stdout, signal } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', timeout: 10_000 });
  return signal ?? stdout.trim();
}

describe('a directory', () => {
  test('is made with all that is missing above it, for its owner alone, and once only', () => {
    const deep = join(folder, 'a', 'b', 'c');
    expect([make(deep), make(deep)]).toEqual(['made', 'made']);
    expect([join(folder, 'a'), deep].map((it) => statSync(it).mode & 0o777)).toEqual([0o700, 0o700]);
  });

  test('behind a link is there already', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    expect(make(join(folder, 'link'))).toBe('made');
  });

  test.each([
    ['below /proc', () => '/proc/drawbridge/data', /^(ENOENT|EACCES|EPERM|EROFS)$/],
    ['below a device', () => '/dev/null/data', /^EEXIST$/],
    ['below a file', () => join(folder, 'file', 'data'), /^EEXIST$/],
    ['that is a file', () => join(folder, 'file'), /^EEXIST$/],
    ['in a loop of links', () => join(folder, 'loop', 'data'), /^ELOOP$/],
    ['that is a link to nowhere', () => join(folder, 'nowhere'), /^EEXIST$/],
    ['with a path of 5,000 characters', () => join(folder, 'long/'.repeat(1000)), /^ENAMETOOLONG$/],
    ['with a name of 300 characters', () => join(folder, 'x'.repeat(300)), /^ENAMETOOLONG$/],
  ])('%s can not be made, and that is said at once', (_, place, code) => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('loop', join(folder, 'loop'));
    symlinkSync(join(folder, 'gone'), join(folder, 'nowhere'));
    expect(make(place())).toMatch(code);
  });
});

test('serve in a place where nothing can be made ends with a line that says what to do', () => {
  const args = [script, 'serve', '--listen', '127.0.0.1:0', '--data', '/dev/null/data'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^[^\n]*could not be made \(EEXIST\)\. Name another with --data[^\n]*\n$/),
  ]);
});
