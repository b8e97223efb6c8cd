// The last line of a test run and what the build server makes of it, with real runs of vitest over small test files.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { proves } from './requirement.ts';

const repository = join(import.meta.dirname, '..');
let place = '';
beforeEach(async () => {
  place = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-report-'));
});
afterEach(async () => await rm(place, { recursive: true, force: true }));

const run = async (file: string, ...args: readonly string[]) =>
  await new Promise<{ status: number; lines: readonly string[] }>((resolve) => {
    execFile(file, args, { cwd: place, env: { PATH: process.env['PATH'], HOME: place } }, (error, stdout) =>
      resolve({ status: error ? 1 : 0, lines: stdout.trimEnd().split('\n') }),
    );
  });

describe('a run of the tests', () => {
  const runTests = async (text: string) => {
    await symlink(join(repository, 'node_modules'), join(place, 'node_modules'));
    await writeFile(
      join(place, 'vitest.config.ts'),
      `import { CountReporter } from ${JSON.stringify(join(repository, 'test/reporter.ts'))};\n` +
        'export default { test: { include: ["*.test.ts"], reporters: [new CountReporter()] } };\n',
    );
    await writeFile(join(place, 'a.test.ts'), `import { expect, test } from 'vitest';\n${text}`);
    return await run(process.execPath, 'node_modules/vitest/vitest.mjs', 'run');
  };

  test('ends with its counts, after every skipped test and its reason', async () => {
    const { status, lines } = await runTests(
      "test('a', () => {}); test('b', () => {}); test('c', ({ skip }) => skip('there is no openssl')); test.skip('d', () => {});",
    );
    expect(status).toBe(0);
    expect(lines.slice(-3)).toEqual([
      'skipped: a.test.ts > c: there is no openssl',
      'skipped: a.test.ts > d: no reason given',
      '2 passed, 0 failed, 2 skipped',
    ]);
  });

  test.each([
    ['a test', "test('a', () => expect(1).toBe(2));", '0 passed, 1 failed, 0 skipped'],
    ['a file that does not load', "import './absent.ts'; test('a', () => {});", '0 passed, 1 failed, 0 skipped'],
    ['something after a test', "test('a', () => { void Promise.reject(new Error('stray')); });", '1 passed, 1 failed, 0 skipped'],
  ])('counts %s that fails', async (_what, text, counts) => {
    proves('foundation.count-line', { file: 'test/reporter.ts', find: 'let failed = stray.length;', replace: 'let failed = 0;' });
    const { status, lines } = await runTests(text);
    expect({ status, last: lines.at(-1) }).toEqual({ status: 1, last: counts });
  });
});

describe('the build server', () => {
  test.each([
    ['passes where all passed', "echo '3 passed, 0 failed, 0 skipped'", 0, '3 passed, 0 failed, 0 skipped'],
    ['fails where a test was skipped', "echo '3 passed, 0 failed, 1 skipped'", 1, '3 passed, 0 failed, 1 skipped'],
    ['fails where a test failed', "echo '3 passed, 1 failed, 0 skipped'; exit 1", 1, '3 passed, 1 failed, 0 skipped'],
    ['fails where there are no counts', 'echo hello', 1, '0 passed, 1 failed, 0 skipped'],
    [
      'reads the last counts only',
      "echo '0 passed, 0 failed, 9 skipped'; echo '1 passed, 0 failed, 0 skipped'",
      0,
      '1 passed, 0 failed, 0 skipped',
    ],
  ])('%s', async (_what, script, status, last) => {
    proves('foundation.skip-fails-ci', {
      file: '.ci/run',
      find: "elif [[ $counts != *', 0 skipped' ]]; then",
      replace: 'elif false; then',
    });
    await mkdir(join(place, '.ci'));
    await cp(join(repository, '.ci/run'), join(place, '.ci/run'));
    await writeFile(join(place, 'package.json'), JSON.stringify({ name: 'clone', version: '1.0.0', scripts: { test: script } }));
    const ended = await run(join(place, '.ci/run'));
    expect({ status: ended.status, last: ended.lines.at(-1) }).toEqual({ status, last });
  });
});
