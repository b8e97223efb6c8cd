// The maintainer scripts against users who prepare something for them: attack.ts does it, this says what must have come of it.
import { spawnSync } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeScripts } from '../../../build/package/script.ts';
import { proves } from '../../requirement.ts';

describe('the maintainer scripts, as root', () => {
  let found: Record<string, unknown> = {};
  let why: string | undefined;
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return void (why = 'only root can lay a machine of its own');
    const folder = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-attack-'));
    try {
      await writeScripts(join(import.meta.dirname, '../../..'), folder);
      const inside = ['sh', '-c', '"$@"; exit $?', 'sh', process.execPath, join(import.meta.dirname, 'attack.ts'), folder];
      const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
      const { status, stdout, stderr } = spawnSync('unshare', [...namespaces, ...inside], { encoding: 'utf8' });
      if (status === 77) return void (why = stdout.trim());
      if (status !== 0) throw new Error(`the attack ended with ${status}:\n${stdout}\n${stderr}`);
      found = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 120_000);

  test('start nothing of a user anew as root, however that user disguised it', ({ skip }) => {
    proves('package.no-root-by-restart', {
      file: 'build/package/linux/common.sh',
      find: '        owner=$(owner_of "$pid")',
      replace: '        owner=$(stat -c %u "/proc/$pid")',
    });
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({ 'postinst configure 0.1.0': 0, ranAs: ['1234500001', '1234500001'] });
  });

  test('know accounts that no list names, and leave for each as that person, out of reach of the terminal of root', ({
    skip,
  }) => {
    proves('package.domain-accounts', {
      file: 'build/package/linux/common.sh',
      find: 'find "$posture" /home/',
      replace: 'find "$posture"',
    });
    if (why !== undefined) return skip(why);
    expect(found).toMatchObject({
      postureOfCarol: 1_234_500_001,
      'prerm remove': 0,
      left: ['1234500001 /home/EXAMPLE/db-carol leave terminal:none', '2601 /home/db-mallory leave terminal:none'],
    });
  });
});
