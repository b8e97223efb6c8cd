// The companion on a whole desktop: its icon in a real tray, found by its color and clicked; and as a user without rights, where Chromium's sandbox is on.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { until } from '../walk/deployment.ts';
import { proves } from '../requirement.ts';
import { root } from '../walk/program.ts';
import { bringElectron } from './binary.ts';
import { buildCompanion, launchCompanion } from './companion.ts';
import { missingPrograms, openSession } from './session.ts';

const exec = promisify(execFile);
beforeAll(() => buildCompanion());

test('its icon is in the tray, and its menu opens at a click and closes at Escape', async ({ skip }) => {
  const missing = missingPrograms({ tray: true });
  if (missing.length > 0) skip(`there is no ${missing.join(', ')}`);
  const session = await openSession({ tray: true });
  const companion = await launchCompanion({
    session,
    args: ['--hidden', `--agent-socket=${join(session.dir, 'none/agent.sock')}`],
  });
  try {
    const shot = join(session.dir, 'shot.png');
    /** Pixels of the icon's gray in the corner where the tray is: Tray.getBounds() is all zero here. */
    const look = async (crop: string, color: RegExp) => {
      await exec('import', ['-window', 'root', shot], { env: session.env });
      const { stdout } = await exec('convert', [shot, '-crop', crop, '+repage', 'txt:-'], { maxBuffer: 64 * 1024 * 1024 });
      return stdout
        .split('\n')
        .filter((line) => color.test(line))
        .map((line) => line.split(':', 1)[0]?.split(',').map(Number));
    };
    const gray = /#6E7781/i;
    const icon = await until('the icon in the tray', async () => {
      const [first] = await look('120x32+1160+0', gray);
      return first;
    });
    await exec('xdotool', ['mousemove', String(1160 + (icon[0] ?? 0)), String((icon[1] ?? 0) + 4), 'click', '3'], {
      env: session.env,
    });
    const isBlack = /#000000\b/;
    const menuPixels = async () => 300 * 120 - (await look('300x120+960+32', isBlack)).length;
    await until('a menu below the tray', async () => (await menuPixels()) > 2_000);
    await exec('xdotool', ['key', 'Escape'], { env: session.env });
    await until('no menu', async () => (await menuPixels()) < 100);
  } finally {
    await companion.close();
    await session.close();
  }
});

test('as a user without rights its page runs in the sandbox: no capability, system calls filtered', async ({ skip }) => {
  proves('companion.sandboxed', { file: 'main/window.ts', find: '      sandbox: true,', replace: '      sandbox: false,' });
  const missing = missingPrograms();
  if (missing.length > 0) skip(`there is no ${missing.join(', ')}`);
  if (process.getuid?.() !== 0)
    skip('only root can become another user; for everybody else the other tests run with the sandbox on');
  const nobody = { uid: 65_534, gid: 65_534 };
  const session = await openSession({ owner: nobody });
  const { folder } = await bringElectron();
  // That user can enter neither root's cache nor, perhaps, this repository.
  const [electron, app] = [join(session.dir, 'electron'), join(session.dir, 'app')];
  await exec('cp', ['-a', folder, electron]);
  await cp(join(root, 'out'), join(app, 'out'), {
    recursive: true,
    filter: (from) => !/out\/(?:screenshots|types|bridge|package)/.test(from),
  });
  await writeFile(join(app, 'package.json'), JSON.stringify({ name: 'drawbridge', version: '0.1.0', main: 'out/main/main.cjs' }));
  await exec('chmod', ['-R', 'a+rX', electron, app]);
  await chmod(session.dir, 0o755);
  const child = spawn(
    join(electron, 'electron'),
    [app, `--user-data-dir=${join(session.home, 'data')}`, `--agent-socket=${join(session.home, 'none/agent.sock')}`],
    { env: session.env, ...nobody, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  try {
    const lines = createInterface({ input: child.stdout });
    await Promise.race([
      once(lines, 'line'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${String(code)}`))),
    ]);
    const status = await until('the process of the page, confined', async () => {
      for (const entry of await readdir('/proc')) {
        const line = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
        if (!line.includes('--type=renderer') || !line.includes(session.home)) continue;
        // A process that has just begun confines itself a moment later.
        const now = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
        if (/^Seccomp:\t2$/m.test(now)) return now;
      }
      return undefined;
    });
    expect(status).toMatch(/^Uid:\t65534/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await session.close();
  }
});
