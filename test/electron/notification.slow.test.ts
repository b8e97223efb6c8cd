// What the companion tells by notifications, as a real notification service (dunst, on a session bus of the test's own) shows it, with a click through that service.
// Also the whole way of a host that runs since before its file was changed: notification, window and tray say so until that process is gone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { askAgent } from '../../main/agent-socket.ts';
import { proves } from '../requirement.ts';
import { type Deployment, type Workstation, deploy, until } from '../walk/deployment.ts';
import { modern } from '../walk/mcp.ts';
import { nodeServer, walkPolicy } from '../walk/policy.ts';
import { root } from '../walk/program.ts';
import { type Companion, buildCompanion, launchCompanion } from './companion.ts';
import { expectStanding, shoot } from './look.ts';
import { type Session, missingPrograms, openSession } from './session.ts';

const missing = missingPrograms({ notifications: true });

describe.skipIf(missing.length > 0)(`notifications${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`, () => {
  let session: Session;
  let deployment: Deployment;
  let station: Workstation;
  let companion: Companion;
  let page: Page;
  let desktop: ChildProcess;
  beforeAll(async () => {
    await buildCompanion();
    session = await openSession({ notifications: true });
    deployment = await deploy({ policy: walkPolicy({ counting: { tools: ['count'] } }) });
    const home = join(deployment.dir, 'home');
    await mkdir(join(home, '.config/Claude'), { recursive: true });
    const config = { mcpServers: { notes: { command: 'node', args: ['notes.mjs'] } } };
    await writeFile(join(home, '.config/Claude/claude_desktop_config.json'), JSON.stringify(config));
    station = await deployment.workstation({
      user: 'ada',
      home,
      profile: {
        EnforcementMode: 'observe',
        LocalServers: { counting: nodeServer(join(root, 'test/fake/local-server/counting.ts')) },
      },
    });
    desktop = await startAs('claude-desktop', home);
    companion = await launchCompanion({ session, args: [`--agent-socket=${join(station.stateDir, 'agent.sock')}`] });
    page = await companion.page();
  });
  afterAll(async () => {
    await end(desktop);
    await companion?.close();
    await deployment?.close();
    await session?.close();
  });

  const told = async (title: string) =>
    await until(`the notification "${title}"`, async () => {
      const found = (await session.notifications()).filter((one) => one.title === title);
      return found.length > 0 && found;
    });

  test('a host that ran before its file was changed: told, and shown until that process is gone', async () => {
    proves('companion.restart-told', {
      file: 'main/news.ts',
      find: 'const restarts = hostsToRestart(after)',
      replace: 'const restarts = hostsToRestart(before)',
    });
    await page.getByRole('heading', { name: 'Not compliant', exact: true }).waitFor();
    expect(await page.getByText('Restart Claude Desktop').count()).toBe(0);
    const profile = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(station.profileFile, 'utf8')));
    await writeFile(station.profileFile, JSON.stringify({ ...profile, EnforcementMode: 'enforce' }), { mode: 0o600 });
    await askAgent({ socket: join(station.stateDir, 'agent.sock'), uid: process.getuid?.() ?? -1 }, { name: 'reload' }, 20_000);

    const [notice] = await told('Restart Claude Desktop');
    expect(notice).toEqual({
      program: 'Drawbridge',
      title: 'Restart Claude Desktop',
      body: 'Its MCP servers were changed. Claude Desktop uses the change after that.',
    });
    const menu = await expectStanding(companion, {
      kind: 'noncompliant',
      title: 'Not compliant',
      words: /runs since before its config was changed.* It is about Claude Desktop\./,
      picture: 'needs-restart',
    });
    expect(menu).toContain('Restart Claude Desktop …');
    await page.getByText('Restart Claude Desktop, so that it uses its changed servers.').waitFor();
    await session.clickNotification();
    await page.getByRole('heading', { name: 'AI hosts', level: 1 }).waitFor();
    const host = page.getByRole('listitem', { name: 'Claude Desktop' });
    await host.getByText('needs a restart').waitFor();
    await shoot(page, 'hosts-restart');

    await end(desktop);
    await host.getByText('needs a restart').waitFor({ state: 'detached' });
    const after = await expectStanding(companion, {
      kind: 'connected',
      title: 'Connected',
      words: /Connected to/,
      picture: 'restarted',
    });
    expect(after).not.toContain('Restart Claude Desktop …');
    expect(await told('Restart Claude Desktop')).toHaveLength(1);
  });

  test('refused calls are told by their names as text, whatever a host calls a tool, and a click leads to them', async () => {
    proves('companion.notification-is-text', {
      file: 'main/notification.ts',
      find: 'body: asText(news.body)',
      replace: 'body: news.body',
    });
    const token = await deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'codex' });
    const name = 'counting__<a href="https://evil.example/">Update & restart</a>';
    await modern(`${deployment.origin}/g/eng/mcp`, token, 'tools/call', { name, arguments: {} });
    const [notice] = await told('A call was refused');
    expect(notice?.body).toContain('Update');
    expect(notice?.body).not.toMatch(/[<&]/);
    await page.getByRole('tab', { name: 'Settings' }).click();
    await session.clickNotification();
    await page.getByRole('heading', { name: 'Recent calls', level: 1 }).waitFor();
  });

  test('a device that was revoked', async () => {
    const listed = z
      .array(z.looseObject({ id: z.string() }))
      .parse(JSON.parse(await deployment.admin('workstation', 'list', '--json')));
    await deployment.admin('workstation', 'revoke', listed[0]?.id ?? '');
    expect(await told('This device was revoked')).toHaveLength(1);
  });
});

/** A process that has the name of that program, in this home, until it is ended. */
async function startAs(name: string, home: string): Promise<ChildProcess> {
  await mkdir(join(home, 'bin'), { recursive: true });
  await copyFile('/bin/sleep', join(home, 'bin', name));
  const child = spawn(join(home, 'bin', name), ['600'], { env: { HOME: home }, stdio: 'ignore' });
  await once(child, 'spawn');
  return child;
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
