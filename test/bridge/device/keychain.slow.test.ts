// Where secrets are kept: in a real keyring on a bus of its own, and in a file where there is none, said in words.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../../requirement.ts';
import { repository } from '../server/fixture.ts';

const keeper = join(repository, 'test', 'fake', 'secret-keeper.ts');
const has = (program: string): boolean => {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const hasKeyring = has('dbus-run-session') && has('gnome-keyring-daemon');
/** The test program of D-Bus holds a name and never answers. */
const hasBlackHole = hasKeyring && has('dbus-test-tool');

const Kept = z.object({ kind: z.enum(['os', 'file']), reason: z.string().nullable(), found: z.array(z.string().nullable()) });
type Kept = z.infer<typeof Kept>;

interface Home {
  readonly dir: string;
  /** Runs a shell script on a bus of its own; returns what the keeper printed, and everything that was printed. */
  onBus(script: string): Promise<{ kept: Kept; output: string }>;
  withoutBus(...steps: string[]): Promise<{ kept: Kept; output: string }>;
}

async function home(): Promise<Home> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-keyring-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const env = {
    PATH: process.env['PATH'],
    HOME: dir,
    XDG_DATA_HOME: join(dir, 'data'),
    XDG_RUNTIME_DIR: dir,
    KEEPER: `${process.execPath} ${keeper} ${join(dir, 'state')}`,
  };
  const run = async (file: string, args: string[]) => {
    const child = spawn(file, args, { env, cwd: repository });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    await new Promise((resolve) => child.once('close', resolve));
    const printed = output.split('\n').find((line) => line.startsWith('{"kind"'));
    if (printed === undefined) throw new Error(`the keeper printed nothing: ${output}`);
    return { kept: Kept.parse(JSON.parse(printed)), output };
  };
  return {
    dir,
    onBus: (script) => run('dbus-run-session', ['--', 'sh', '-c', script]),
    withoutBus: (...steps) => run('sh', ['-c', `$KEEPER ${steps.join(' ')}`]),
  };
}

const unlocked = 'printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1;';
const locked = 'gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1;';

describe.skipIf(!hasKeyring)('with a keyring (Debian packages gnome-keyring and dbus)', () => {
  test('secrets are kept in it and not in a file', async () => {
    proves('device.os-store', {
      file: 'bridge/device/keychain.ts',
      find: 'return withLeftovers(keyring, file, marker);',
      replace: "return { kind: 'os', ...file };",
    });
    const { dir, onBus } = await home();
    const { kept } = await onBus(`${unlocked} $KEEPER set:a=1 get:a get:b`);
    expect(kept).toEqual({ kind: 'os', reason: null, found: ['1', null] });
    const again = await onBus(`${unlocked} $KEEPER get:a remove:a get:a`);
    expect(again.kept.found).toEqual(['1', null]);
    await expect(stat(join(dir, 'state', 'secret.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('what was kept in a file before moves into it', async () => {
    const { dir, onBus, withoutBus } = await home();
    await withoutBus('set:a=1');
    expect((await onBus(`${unlocked} $KEEPER get:a`)).kept).toEqual({ kind: 'os', reason: null, found: ['1'] });
    expect(await readFile(join(dir, 'state', 'secret.json'), 'utf8')).toBe('{}');
  });

  test("a secret in it is not taken for missing while it can't be used", async () => {
    proves('device.locked-is-not-missing', {
      file: 'bridge/device/keychain.ts',
      find: 'if (found !== undefined || (await readIfThere(marker)) === undefined) return found;',
      replace: 'if (name !== undefined) return found;',
    });
    const { onBus, withoutBus } = await home();
    await onBus(`${unlocked} $KEEPER set:a=1`);
    await expect(withoutBus('get:a')).rejects.toThrow(/SECRET_UNREADABLE/);
    expect((await onBus(`${unlocked} $KEEPER get:a`)).kept.found).toEqual(['1']);
  });
});

describe.skipIf(!hasBlackHole)('with a keyring that does not answer (Debian package dbus-tests)', () => {
  const blackHole = (name: string, then: string): string =>
    `dbus-test-tool black-hole --name=${name} & hole=$!; ` +
    `until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner string:${name} ` +
    `>/dev/null 2>&1; do :; done; ${then}; kill $hole`;

  test('a locked one whose prompt nobody answers holds nothing up: a file is used, and the program can end', async () => {
    proves('device.keyring-deadline', {
      file: 'bridge/device/keychain.ts',
      find: 'return await Promise.race([answer, deadline.promise]);',
      replace: 'return await answer;',
    });
    const { onBus } = await home();
    await onBus(`${unlocked} $KEEPER set:a=1`);
    const script = `${locked} ${blackHole('org.gnome.keyring.SystemPrompter', 'WITHIN_MS=1000 timeout 20 $KEEPER set:b=2 get:b')}`;
    const { kept } = await onBus(script);
    expect(kept).toMatchObject({ kind: 'file', reason: expect.stringMatching(/does not answer/), found: ['2'] });
  });

  test('a service that never answers at all is given up', async () => {
    const { onBus } = await home();
    const { kept } = await onBus(blackHole('org.freedesktop.secrets', '$KEEPER set:a=1 get:a'));
    expect(kept).toMatchObject({ kind: 'file', found: ['1'] });
  });
});

describe('without a session bus', () => {
  test('secrets are in a file that only the user reads, and the reason is said', async () => {
    proves('device.file-store', {
      file: 'bridge/device/file.ts',
      find: "const handle = await open(temporary, 'wx', 0o600);",
      replace: "const handle = await open(temporary, 'wx', 0o644);",
    });
    const { dir, withoutBus } = await home();
    const { kept, output } = await withoutBus('set:a=1', 'set:b=2', 'get:a', 'remove:a', 'get:a', 'get:b', 'set:c=3');
    expect(kept).toMatchObject({ kind: 'file', found: ['1', null, '2'] });
    expect(kept.reason).toMatch(/^The secret store of this system can't be used: .{10,}\.$/);
    // As it was written last: reading would have tightened it.
    expect((await stat(join(dir, 'state', 'secret.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dir, 'state'))).mode & 0o777).toBe(0o700);
    expect(output.split('\n').filter((line) => line.includes('warn'))).toEqual([]);
  });
});
