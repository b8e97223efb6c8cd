// The companion through each state of a real agent and a real gateway server: the window's words, the tray's menu and its icon say the same.
// The agent is one that someone else started, so that it can be led into each state and ended by the test.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { StandingKind } from '#contract/standing.ts';
import { unobservableWords } from '#contract/unobservable.ts';
import { askAgent } from '../../main/agent-socket.ts';
import { proves } from '../requirement.ts';
import { type Deployment, type Workstation, deploy, until } from '../walk/deployment.ts';
import { modern } from '../walk/mcp.ts';
import { nodeServer, walkPolicy } from '../walk/policy.ts';
import { root, startProgram } from '../walk/program.ts';
import { type Companion, buildCompanion, launchCompanion } from './companion.ts';
import { expectStanding, shoot } from './look.ts';
import { type Session, missingPrograms, openSession } from './session.ts';

const missing = missingPrograms();
const managed = {
  ManagedByOrganizationName: 'Example Corp',
  ManagedByCaption: 'Your AI tools go through our gateway. Calls are recorded, their content is not.',
  ManagedByURL: 'https://example.org/drawbridge',
  SupportURL: 'https://help.example.org/ai',
  AllowUserPause: 'with_reason',
  AllowUserQuit: true,
  AllowUserUndo: true,
};

describe.skipIf(missing.length > 0)(
  `the companion in a real Electron${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`,
  () => {
    let session: Session;
    let deployment: Deployment;
    let station: Workstation;
    let companion: Companion;
    let page: Page;
    beforeAll(async () => {
      await buildCompanion();
      session = await openSession();
      deployment = await deploy({
        policy: walkPolicy({ counting: { tools: ['count'] }, crashing: { tools: 'all' } }, { capture: 'redacted' }),
      });
      const home = join(deployment.dir, 'home');
      await mkdir(join(home, '.codex'), { recursive: true });
      await writeFile(join(home, '.codex/config.toml'), '# mine\n[mcp_servers.notes]\ncommand = "node"\nargs = ["notes.mjs"]\n');
      const server = (name: string) => nodeServer(join(root, `test/fake/local-server/${name}.ts`));
      station = await deployment.workstation({
        user: 'ada',
        home,
        profile: {
          ...managed,
          EnforcementMode: 'enforce',
          LocalServers: { counting: server('counting'), crashing: server('crashing') },
        },
      });
      companion = await launchCompanion({ session, args: [`--agent-socket=${join(station.stateDir, 'agent.sock')}`] });
      page = await companion.page();
      process.stdout.write(`driven in Electron ${companion.electron}\n`);
    });
    afterAll(async () => {
      await companion?.close();
      await deployment?.close();
      await session?.close();
    });

    const expectState = (kind: StandingKind, title: string, words: RegExp, picture: string = kind) =>
      expectStanding(companion, { kind, title, words, picture });
    const profile = async (change: object) => {
      const text = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(station.profileFile, 'utf8')));
      await writeFile(station.profileFile, JSON.stringify({ ...text, ...change }), { mode: 0o600 });
      await reload();
    };
    const command = (name: 'reload' | 'wake') =>
      askAgent({ socket: join(station.stateDir, 'agent.sock'), uid: process.getuid?.() ?? -1 }, { name }, 20_000);
    const reload = () => command('reload');

    test('connected: since when, to which gateway, managed by whom; the menu has what the profile allows', async () => {
      proves('companion.state-in-words', {
        file: 'main/tray-view.ts',
        find: '...wrap(standing.headline).map(',
        replace: "...['Drawbridge'].map(",
      });
      const menu = await expectState('connected', 'Connected', /Connected to the gateway “eng” of Example Corp/);
      expect(menu).toEqual(['Open Drawbridge', 'Pause …', 'Copy diagnostics', 'Help', 'Quit Drawbridge …']);
      await page.getByText('Managed by Example Corp.').waitFor();
      await page.getByText(managed.ManagedByCaption).waitFor();
      await page.getByText(deployment.origin).first().waitFor();
      await companion.choose('Help');
      await page.getByRole('button', { name: 'About this management' }).click();
      await page.getByText('Opened in your browser.').waitFor();
      await expect.poll(async () => (await companion.opened()).toSorted()).toEqual([managed.ManagedByURL, managed.SupportURL]);
    });

    test('pausing asks for a reason, is shown with it, and resuming ends it', async () => {
      proves('companion.pause-by-profile', {
        file: 'main/tray-view.ts',
        find: "return allows.pause === 'never' ? [] :",
        replace: 'return',
      });
      await companion.choose('Pause …');
      const dialog = page.getByRole('dialog', { name: 'Pause Drawbridge' });
      await dialog.waitFor();
      await shoot(page, 'pause-question');
      expect(await dialog.getByRole('button', { name: 'Pause', exact: true }).isDisabled()).toBe(true);
      await dialog.getByText('30 minutes').click();
      await dialog.getByRole('textbox', { name: 'Reason' }).fill('a demo without tools');
      await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
      const menu = await expectState('paused', 'Paused', /Paused by you until (\w+ \d+, )?\d\d:\d\d: a demo without tools/);
      expect(menu).toContain('Resume');
      expect(menu).not.toContain('Pause …');
      await page.getByRole('button', { name: 'Resume' }).click();
      await expectState('connected', 'Connected', /Connected to/);
      await profile({ AllowUserPause: 'never', AllowUserQuit: false });
      await until('the menu without what is forbidden', async () => {
        const labels = (await companion.seen()).menu.map(({ label }) => label);
        return !labels.includes('Pause …') && !labels.includes('Quit Drawbridge …');
      });
      expect(await page.getByRole('button', { name: 'Pause …' }).count()).toBe(0);
      const forbidden = await page.evaluate(async () => {
        const { drawbridge } = globalThis as unknown as {
          drawbridge: { ask(channel: string, request: unknown): Promise<unknown> };
        };
        return [await drawbridge.ask('pause:begin', { minutes: 5 }), await drawbridge.ask('companion:quit', {})];
      });
      expect(forbidden).toMatchObject([
        { ok: false, code: 'PROFILE_FORBIDS' },
        { ok: false, code: 'PROFILE_FORBIDS' },
      ]);
      await profile({ AllowUserPause: 'with_reason', AllowUserQuit: true });
    });

    test('not compliant: what is wrong, where, and what to do', async () => {
      const config = join(station.home, '.cursor/mcp.json');
      await mkdir(join(station.home, '.cursor'), { recursive: true });
      await writeFile(config, 'this is no JSON');
      await reload();
      await expectState('noncompliant', 'Not compliant', /can't be read as what it should be/);
      await page.getByText('Correct the file.').first().waitFor();
      await page.getByRole('tab', { name: 'AI hosts' }).getByLabel('1 to look at').waitFor();
      await writeFile(config, '{}');
      await reload();
      await expectState('connected', 'Connected', /Connected to/);
    });

    test('an error in the profile: that its settings are wrong, and which', async () => {
      await profile({ ScanIntervalMinutes: 'often' });
      try {
        await expectState('misconfigured', 'Settings problem', /a value in it, is not valid.* It is about ScanIntervalMinutes/);
        await page.getByRole('tab', { name: 'Settings' }).click();
        const row = (name: string) => page.getByRole('row', { name: new RegExp(name) });
        await row('ScanIntervalMinutes').getByText('What is set is not valid; this stands in for it.').waitFor();
        expect(await page.getByText('What is set is not valid').count()).toBe(1);
        await page.getByRole('tab', { name: 'Status' }).click();
      } finally {
        await profile({ ScanIntervalMinutes: 15 });
      }
      await expectState('connected', 'Connected', /Connected to/);
    });

    test('offline: since when and why; it comes back by itself', async () => {
      await deployment.gateway().stop('SIGKILL');
      await expectState('offline', 'Offline', /No connection to the gateway “eng” of Example Corp since (\w+ \d+, )?\d\d:\d\d: /);
      await deployment.restartGateway();
      await expectState('connected', 'Connected', /Connected to/);
    });

    test('connecting: while a gateway accepts the connection and says nothing', async () => {
      const { pid } = deployment.gateway();
      process.kill(pid, 'SIGSTOP');
      try {
        await command('wake');
        await expectState('connecting', 'Connecting', /Connecting to the gateway “eng” of Example Corp …/);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await expectState('connected', 'Connected', /Connected to/);
    });

    test('refused: that the gateway says no, why, and that it is asked again', async () => {
      await deployment.gateway().stop();
      // The same address, and another gateway server behind it: it does not know this device.
      const other = startProgram(join(root, 'gateway/cli.ts'), [
        'serve',
        ...['--data', join(deployment.dir, 'other-gateway')],
        ...['--listen', `127.0.0.1:${deployment.port}`],
        ...['--public-url', deployment.origin],
        ...['--metrics-listen', '127.0.0.1:0'],
      ]);
      try {
        await other.event('listening');
        await command('wake');
        const menu = await expectState('refused', 'Refused', /The gateway refuses this device: .*could not prove its key/);
        expect(menu).toContain('Open Drawbridge');
        await page.getByText('Drawbridge asks again by itself.').waitFor();
        expect(await page.getByRole('textbox', { name: 'Enrollment token' }).count()).toBe(0);
      } finally {
        await other.stop();
        await deployment.restartGateway();
        await command('wake');
      }
      await expectState('connected', 'Connected', /Connected to/);
    });

    test('switched off: by whom, since when and why, and it comes back by itself', async () => {
      const [first] = z
        .array(z.looseObject({ id: z.string() }))
        .parse(JSON.parse(await deployment.admin('workstation', 'list', '--json')));
      const id = first?.id ?? '';
      await deployment.admin('switch', 'off', 'workstation', id, '--reason', 'it is looked at', '--tell');
      const menu = await expectState(
        'refused',
        'Switched off',
        /switched off by an administrator at (\w+ \d+, )?\d\d:\d\d\. The reason: it is looked at/,
        'switched-off',
      );
      expect(menu).toContain('Open Drawbridge');
      await deployment.admin('switch', 'on', 'workstation', id);
      await expectState('connected', 'Connected', /Connected to/);
    });

    test('calls are listed with what was decided; refused ones are told once, together', async () => {
      const token = await deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'codex' });
      const url = `${deployment.origin}/g/eng/mcp`;
      const call = (name: string) => modern(url, token, 'tools/call', { name, arguments: {} });
      await call('counting__count');
      await call('counting__environment');
      await call('counting__environment');
      await page.getByRole('tab', { name: 'Recent calls' }).click();
      const rows = page.getByRole('grid', { name: 'Recent calls' }).getByRole('row');
      await until('three calls and a heading', async () => (await rows.count()) === 4);
      await page.getByText('Of some of them your organization keeps what was asked and answered').waitFor();
      expect(await rows.getByText('What was asked and answered is kept, without what looks like secrets').count()).toBe(3);
      await until('a notification', async () => (await companion.seen()).notifications.length > 0);
      await call('counting__environment');
      await until('four calls', async () => (await rows.count()) === 5);
      expect((await companion.seen()).notifications).toEqual([
        { title: '2 calls were refused', body: expect.stringContaining('counting: environment') },
      ]);
      await page.getByRole('radio', { name: 'refused' }).click();
      await page.getByRole('searchbox', { name: 'Filter' }).fill('not provisioned');
      await page.getByText('3 of 4 calls').waitFor();
      await shoot(page, 'calls');
      // what a tool is called must push neither the decision nor the time out of sight
      const named = rows.locator('.code').first();
      await named.evaluate((element) => (element.textContent = 'x'.repeat(300)));
      expect(await page.locator('.content').evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
      await page.getByRole('tab', { name: 'Settings' }).click();
      await companion.clickNotification();
      await page.getByRole('heading', { name: 'Recent calls', level: 1 }).waitFor();
    });

    test('the sections show servers, hosts, settings and their origins', async () => {
      await page.getByRole('tab', { name: 'Local servers' }).click();
      const server = page.getByRole('listitem', { name: 'counting' });
      await server.getByText(/Running|Ready/).waitFor();
      await server.getByRole('button', { name: 'Restart counting' }).click();
      await server.getByText('Ended. The next call starts it anew.').waitFor();
      await page
        .getByRole('listitem', { name: 'crashing' })
        .getByRole('button', { name: /Last lines/ })
        .click();
      await shoot(page, 'servers');
      await page.getByRole('tab', { name: 'AI hosts' }).click();
      const host = page.getByRole('listitem', { name: 'Codex' });
      await host.getByText('only through the gateway').first().waitFor();
      await page.getByText(`is said of MCP only. Not seen from here: ${unobservableWords}.`).waitFor();
      await host.getByRole('button', { name: /Changes in the files/ }).click();
      await host
        .getByText(/^\+.*drawbridge/)
        .first()
        .waitFor();
      await shoot(page, 'hosts');
      await host.getByRole('button', { name: 'Undo the changes in Codex' }).click();
      await host.getByText('undone by you').waitFor();
      expect(await readFile(join(station.home, '.codex/config.toml'), 'utf8')).toContain('[mcp_servers.notes]\ncommand = "node"');
      await shoot(page, 'hosts-undone');
      await host.getByRole('button', { name: 'Point Codex at the gateway' }).click();
      await host.getByText('undone by you').waitFor({ state: 'detached' });
      await page.getByRole('tab', { name: 'Settings' }).click();
      const row = page.getByRole('row', { name: /GatewayURL/ });
      expect(await row.innerText()).toContain(deployment.origin);
      await shoot(page, 'settings');
      await page.getByRole('tab', { name: 'Diagnostics' }).click();
      await page.getByRole('button', { name: 'Copy diagnostics' }).click();
      await page.getByText('Copied.').waitFor();
      const text = await companion.app.evaluate(({ clipboard }) => clipboard.readText());
      expect(
        z.looseObject({ companion: z.looseObject({ electron: z.string() }) }).parse(JSON.parse(text)).companion.electron,
      ).toBe(companion.electron);
      await shoot(page, 'diagnostics');
    });

    test('revoked: that it is over, what to do, and a notification', async () => {
      const { workstations } = { workstations: await deployment.admin('workstation', 'list', '--json') };
      const [first] = z.array(z.looseObject({ id: z.string() })).parse(JSON.parse(workstations));
      await deployment.admin('workstation', 'revoke', first?.id ?? '');
      await expectState('revoked', 'Revoked', /This device was revoked/);
      expect((await companion.seen()).notifications.at(-1)).toMatchObject({ title: 'This device was revoked' });
      await page.getByRole('textbox', { name: 'Enrollment token' }).waitFor();
    });

    test('no agent: that it is missing, and it is found again', async () => {
      await station.agent.stop();
      await expectState('absent', 'Not running', /agent is not running/);
      await station.restart();
      await expectState('revoked', 'Revoked', /revoked/);
    });
  },
);
