// Start at login where the profile leaves it to the user: the switch really writes and takes away the autostart entry; elsewhere there is none, and asking is refused.
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askAgent } from '../../main/agent-socket.ts';
import { proves } from '../requirement.ts';
import { until } from '../walk/deployment.ts';
import { type Program, root, startProgram } from '../walk/program.ts';
import { bringElectron } from './binary.ts';
import { type Companion, buildCompanion, launchCompanion } from './companion.ts';
import { shoot } from './look.ts';
import { type Session, missingPrograms, openSession } from './session.ts';

const missing = missingPrograms();

describe.skipIf(missing.length > 0)(`start at login${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`, () => {
  let session: Session;
  let agent: Program;
  let companion: Companion;
  const state = () => join(session.dir, 'state');
  const profile = async (autoStart: string) =>
    await writeFile(
      join(session.dir, 'profile.json'),
      JSON.stringify({ AutoStart: autoStart, PostureStatusPath: join(session.dir, 'posture.json') }),
      { mode: 0o600 },
    );
  beforeAll(async () => {
    await buildCompanion();
    session = await openSession();
    await mkdir(state(), { mode: 0o700 });
    await profile('user_decides');
    const device = ['--state', state(), '--home', session.home, '--profile', join(session.dir, 'profile.json')];
    agent = startProgram(join(root, 'bridge/cli.ts'), ['agent', ...device]);
    await agent.event('started');
    const { executable } = await bringElectron();
    companion = await launchCompanion({
      session,
      args: [`--agent-socket=${join(state(), 'agent.sock')}`],
      // As an AppImage has it: the image that stays, and where the program that runs was mounted from it.
      env: {
        APPIMAGE: '/home/ada/Drawbridge.AppImage',
        APPDIR: dirname(await realpath(executable)),
        XDG_CONFIG_DIRS: join(session.dir, 'none'),
      },
    });
  });
  afterAll(async () => {
    await companion?.close();
    await agent?.stop();
    await session?.close();
  });

  test('is a switch where the profile leaves it to the user, which writes the entry and takes it away; elsewhere there is none', async () => {
    proves('companion.autostart-user-decides', {
      file: 'main/start-at-login.ts',
      find: "if (value !== 'user_decides') return { kind: 'by_profile' };",
      replace: '',
    });
    const entry = () => readFile(join(session.home, '.config/autostart/drawbridge.desktop'), 'utf8').catch(() => undefined);
    const page = await companion.page();
    await page.getByRole('tab', { name: 'Settings' }).click();
    const choice = page.getByRole('switch', { name: 'Start Drawbridge when I log in' });
    await page.getByText('Start Drawbridge when I log in').click();
    await until('the entry', async () => (await entry())?.includes('Exec="/home/ada/Drawbridge.AppImage" --hidden\n'));
    await until('the switch to be on', async () => await choice.isChecked());
    await shoot(page, 'start-at-login');
    await choice.focus();
    await page.keyboard.press('Space');
    await until('no entry', async () => (await entry()) === undefined);
    await until('the switch to be off', async () => !(await choice.isChecked()));

    await profile('never');
    await askAgent({ socket: join(state(), 'agent.sock'), uid: process.getuid?.() ?? -1 }, { name: 'reload' }, 20_000);
    await choice.waitFor({ state: 'detached' });
    const asked = await page.evaluate(async () => {
      const { drawbridge } = globalThis as unknown as {
        drawbridge: { ask(channel: string, request?: unknown): Promise<unknown> };
      };
      return [
        await drawbridge.ask('login:choose', { isOn: true }),
        await drawbridge.ask('login:choose', { isOn: 'yes' }),
        await drawbridge.ask('login:current'),
      ];
    });
    expect(asked).toMatchObject([
      { ok: false, code: 'PROFILE_FORBIDS' },
      { ok: false, code: 'PAGE_REQUEST_INVALID' },
      { ok: true, value: { kind: 'by_profile' } },
    ]);
    expect(await entry()).toBeUndefined();
  });
});
