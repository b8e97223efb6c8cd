// What users who are no administrators can prepare for the maintainer scripts, which run as root; and whom those must not forget. Run by
// attack.slow.test.ts in namespaces of its own as `attack.ts <folder of the scripts>`; prints as its last line what it found, as JSON.
// Rule: the scripts are the real ones; only the app they serve is a stand-in that notes who runs it.
import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../walk/deployment.ts';
import { layMachine, processesOf, run } from './machine.ts';

const app = '/opt/Drawbridge';
const [, , scripts = ''] = process.argv;
const found: Record<string, unknown> = {};
const mallory = 2601;
/** As an account of a directory service has it: far above 60000, in a folder of its domain. */
const carol = 1_234_500_001;

/** Notes who runs it, and stays. */
const stays = 'open(N, ">>", "/run/noted"); print N "$<\\n"; close(N); sleep 600';
const leaves = `#!/bin/sh
tty=none
if (: </dev/tty) 2>/dev/null; then tty=there; fi
echo "$(id -u) $HOME $* terminal:$tty" >>/run/left
`;

async function settle(): Promise<void> {
  await mkdir(join(app, 'resources/bridge'), { recursive: true });
  await copyFile('/usr/bin/perl', join(app, 'drawbridge'));
  // what every user may start, as root
  await copyFile('/usr/bin/tail', join(app, 'chrome-sandbox'));
  await writeFile(join(app, 'resources/bridge/drawbridge'), leaves);
  for (const path of ['drawbridge', 'resources/bridge/drawbridge']) await chmod(join(app, path), 0o755);
  await chmod(join(app, 'chrome-sandbox'), 0o4755);
  for (const path of ['/run/noted', '/run/left']) {
    await writeFile(path, '');
    await chmod(path, 0o666);
  }
  for (const [name, uid, home] of [
    ['db-mallory', mallory, '/home/db-mallory'],
    ['db-carol', carol, '/home/EXAMPLE/db-carol'],
  ] as const) {
    await mkdir('/home/EXAMPLE', { recursive: true });
    await run('/usr/sbin/useradd', '--create-home', '--home-dir', home, '--uid', String(uid), name);
    await run('setpriv', '--reuid', name, '--clear-groups', 'mkdir', '-p', join(home, '.local/state/drawbridge'));
  }
  // a directory service answers for an account that is named, and lists none
  await mkdir('/run/bin');
  await writeFile('/run/bin/getent', '#!/bin/sh\n[ -n "${2:-}" ] || exit 2\nexec /usr/bin/getent "$@"\n');
  await chmod('/run/bin/getent', 0o755);
}

/** In a terminal of its own, as an administrator would. */
async function asRoot(name: string, ...args: string[]): Promise<void> {
  const command = `PATH=/run/bin:$PATH sh ${join(scripts, name)} ${args.join(' ')}`;
  const { code, said } = await run('script', '--quiet', '--return', '--command', command, '/dev/null');
  found[`${name} ${args.join(' ')}`] = code;
  process.stdout.write(said);
}

const lines = async (path: string) => (await readFile(path, 'utf8')).split('\n').filter(Boolean);

async function attack(): Promise<void> {
  const start = (uid: number, ...command: string[]) =>
    spawn('setpriv', ['--reuid', String(uid), '--clear-groups', ...command], { cwd: '/', stdio: 'ignore' });
  await writeFile('/home/noting.pl', stays);
  // it looks like the app and belongs to root; its arguments, as its environment, are mallory's: a follower to tail, a program to perl
  const disguise = `exec -a ${app}/drawbridge ${app}/chrome-sandbox -f /home/noting.pl`;
  const disguised = start(mallory, 'bash', '-c', disguise);
  start(carol, `${app}/drawbridge`, '-e', stays);
  await until('both to run', async () => {
    const exe = await readlink(`/proc/${disguised.pid ?? 0}/exe`).catch(() => '');
    return exe.endsWith('chrome-sandbox') && (await lines('/run/noted')).length === 1;
  });
  await asRoot('postinst', 'configure', '0.1.0');
  await until('what was started anew to stand', async () => {
    const running = (await processesOf(app)).filter(({ pid }) => pid !== disguised.pid);
    return running.length > 0 && running.length === (await lines('/run/noted')).length - 1;
  });
  found['ranAs'] = await lines('/run/noted');
  found['postureOfCarol'] = (await stat(`/var/lib/drawbridge/posture/${carol}`).catch(() => undefined))?.uid;
  await asRoot('prerm', 'remove');
  found['left'] = (await lines('/run/left')).toSorted();
}

await layMachine().catch((error: Error) => {
  process.stdout.write(`no machine: ${error.message.split('\n')[0]}\n`);
  process.exit(77);
});
try {
  await settle();
  await attack();
} catch (error) {
  found['stopped'] = error instanceof Error ? error.message : String(error);
}
process.stdout.write(`${JSON.stringify(found)}\n`);
process.exit(0);
