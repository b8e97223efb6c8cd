// What the companion's page can't do, tried from inside it in a real Electron: Node, other pages, other windows, the network, other channels, code from text.
// Also the sections by keyboard alone and by axe, in both color schemes; and once as a user without rights, where Chromium's sandbox is on.
/// <reference lib="dom" />
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { type Deployment, deploy, until } from '../walk/deployment.ts';
import { modern } from '../walk/mcp.ts';
import { nodeServer, walkPolicy } from '../walk/policy.ts';
import { root } from '../walk/program.ts';
import { bringElectron } from './binary.ts';
import { type Companion, buildCompanion, launchCompanion } from './companion.ts';
import { type Session, missingPrograms, openSession } from './session.ts';

const missing = missingPrograms();
const sections = ['Status', 'Local servers', 'AI hosts', 'Recent calls', 'Settings', 'Diagnostics'];
/** As the page sees what the preload script gives it. */
interface Given {
  readonly drawbridge: {
    ask(channel: string, request?: unknown): Promise<unknown>;
    listen(channel: string, listener: () => void): unknown;
  };
}

describe.skipIf(missing.length > 0)(
  `the companion's page${missing.length > 0 ? ` (missing: ${missing.join(', ')})` : ''}`,
  () => {
    let session: Session;
    let deployment: Deployment;
    let companion: Companion;
    let page: Page;
    const complaints: string[] = [];
    beforeAll(async () => {
      await buildCompanion();
      session = await openSession();
      deployment = await deploy({ policy: walkPolicy({ counting: { tools: ['count'] } }) });
      const station = await deployment.workstation({
        user: 'ada',
        profile: {
          ManagedByOrganizationName: 'Example Corp',
          AllowUserPause: 'always',
          AutoStart: 'user_decides',
          LocalServers: { counting: nodeServer(join(root, 'test/fake/local-server/counting.ts')) },
        },
      });
      const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
      for (const name of ['counting__count', 'counting__environment'])
        await modern(`${deployment.origin}/g/eng/mcp`, token, 'tools/call', { name, arguments: {} });
      companion = await launchCompanion({
        session,
        args: [`--agent-socket=${join(station.stateDir, 'agent.sock')}`],
        // As in an AppImage, so that start at login can be chosen and the switch is looked at too.
        env: { APPIMAGE: '/home/ada/Drawbridge.AppImage', APPDIR: dirname((await bringElectron()).executable) },
      });
      page = await companion.page();
      page.on('console', (message) => complaints.push(message.text()));
      await page.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    });
    afterAll(async () => {
      await companion?.close();
      await deployment?.close();
      await session?.close();
    });

    test('has no Node, and nothing of Electron but two functions', async () => {
      const found = await page.evaluate(() => {
        const all = globalThis as unknown as Record<string, unknown>;
        return {
          kinds: ['require', 'process', 'module', 'Buffer', 'global', '__dirname', 'ipcRenderer', 'electron'].map(
            (name) => typeof all[name],
          ),
          given: Object.entries(all['drawbridge'] as object).map(([name, value]) => `${name}: ${typeof value}`),
        };
      });
      expect(found).toEqual({ kinds: Array(8).fill('undefined'), given: ['ask: function', 'listen: function'] });
      expect(await page.evaluate(() => Object.isFrozen((globalThis as unknown as Given).drawbridge))).toBe(true);
    });

    test('reaches no network, by no way', async () => {
      let asked = 0;
      const server = createServer((_request, response) => {
        asked++;
        response.end('reached');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const tried = await page.evaluate(async (address) => {
        const word = (work: Promise<unknown>) =>
          work.then(
            () => 'reached',
            () => 'failed',
          );
        const load = (tag: 'img' | 'script' | 'iframe' | 'link') =>
          new Promise((resolve, reject) => {
            const element = document.createElement(tag);
            element.dataset['tried'] = tag;
            element.addEventListener('load', resolve);
            element.addEventListener('error', reject);
            if (element instanceof HTMLLinkElement) Object.assign(element, { rel: 'stylesheet', href: address });
            else element.src = address;
            document.body.append(element);
            setTimeout(reject, 1_000);
          }).finally(() => document.querySelector(`[data-tried=${tag}]`)?.remove());
        const socket = () =>
          new Promise((resolve, reject) => {
            const one = new WebSocket(address.replace('http', 'ws'));
            one.addEventListener('open', resolve);
            one.addEventListener('error', reject);
          });
        return Promise.all([
          word(fetch(address)),
          word(fetch('https://example.org/')),
          word(fetch('file:///etc/hostname')),
          word(load('img')),
          word(load('script')),
          word(load('link')),
          word((async () => socket())()),
        ]);
      }, url);
      expect(tried).toEqual(Array(7).fill('failed'));
      expect(asked).toBe(0);
      await new Promise((resolve) => server.close(resolve));
    });

    test('loads no file but its own', async () => {
      proves('companion.page-own-files', {
        file: 'main/window.ts',
        find: '!url.startsWith(folder) && ',
        replace: "!url.startsWith('file:') && ",
      });
      const file = join(session.dir, 'other.js');
      await writeFile(file, 'globalThis.isLoaded = true;');
      const loaded = await page.evaluate(
        (url) =>
          new Promise((resolve) => {
            const script = document.createElement('script');
            script.src = url;
            for (const event of ['load', 'error'])
              script.addEventListener(event, () => resolve(['isLoaded' in globalThis, event]));
            document.body.append(script);
          }),
        pathToFileURL(file).href,
      );
      expect(loaded).toEqual([false, 'error']);
    });

    test('runs no code from text, and is given no permission', async () => {
      const tried = await page.evaluate(async () => {
        // In a turn of the page's own: what the debugger evaluates is not under the page's policy.
        const word = (work: () => unknown) =>
          new Promise<string>((resolve) =>
            setTimeout(async () => {
              try {
                await work();
                resolve('ran');
              } catch {
                resolve('refused');
              }
            }),
          );
        const inline = document.createElement('script');
        inline.textContent = 'globalThis.inlined = true';
        document.body.append(inline);
        return [
          // oxlint-disable-next-line no-eval no-implied-eval
          await word(() => (0, eval)('1')),
          await word(() => new Function('return 1')()),
          await word(() => navigator.mediaDevices.getUserMedia({ audio: true })),
          await word(() => navigator.clipboard.readText()),
          'inlined' in globalThis ? 'ran' : 'refused',
          (await navigator.permissions.query({ name: 'notifications' })).state === 'granted' ? 'ran' : 'refused',
        ];
      });
      expect(tried).toEqual(Array(6).fill('refused'));
      const frame = await page.evaluate(() => {
        const view = document.createElement('webview');
        view.setAttribute('src', 'file:///etc/hostname');
        document.body.append(view);
        return 'getWebContentsId' in view;
      });
      expect(frame).toBe(false);
    });

    test('asks on listed channels only, and only what they take', async () => {
      const tried = await page.evaluate(async () => {
        const { drawbridge } = globalThis as unknown as Given;
        const word = (work: () => unknown) =>
          Promise.resolve()
            .then(work)
            .catch((error: unknown) => String(error));
        return [
          await word(() => drawbridge.ask('shell:open', 'https://example.org')),
          await word(() => drawbridge.listen('agent:secret', () => undefined)),
          await word(() => drawbridge.ask('__proto__')),
          await word(() => drawbridge.ask('server:log', { server: '../../etc' })),
          await word(() => drawbridge.ask('pause:begin', { minutes: 1e9 })),
          await word(() => drawbridge.ask('help:open', { what: 'file:///etc/passwd' })),
          await word(() => drawbridge.ask('help:open', { what: 'support' })),
        ];
      });
      const invalid = { ok: false, code: 'PAGE_REQUEST_INVALID' };
      expect(tried).toMatchObject([
        expect.stringContaining('no such channel'),
        expect.stringContaining('no such channel'),
        expect.stringContaining('no such channel'),
        invalid,
        invalid,
        invalid,
        { ok: false, code: 'NOTHING_TO_OPEN' },
      ]);
      expect(JSON.stringify(tried)).not.toMatch(/\bat .*\.cjs/);
    });

    test('is the only one that is answered: another page with the same preload script is refused', async () => {
      proves('companion.sender-checked', {
        file: 'main/ipc.ts',
        find: 'return frame === window.webContents.mainFrame && withoutHash(frame.url) === withoutHash(pageUrl);',
        replace: 'return true;',
      });
      const answer = await companion.app.evaluate(
        async ({ BrowserWindow }, files) => {
          const other = new BrowserWindow({
            show: false,
            webPreferences: { preload: files.preload, sandbox: true, contextIsolation: true },
          });
          await other.loadFile(files.page);
          const said: unknown = await other.webContents.executeJavaScript("drawbridge.ask('companion:current')");
          other.destroy();
          return said;
        },
        { preload: join(root, 'out/preload/preload.cjs'), page: join(root, 'out/renderer/index.html') },
      );
      expect(answer).toMatchObject({ ok: false, code: 'PAGE_FORBIDDEN' });
    });

    test('is walked by keyboard: sections by arrows, a question opens, keeps the focus and gives it back', async () => {
      await page.bringToFront();
      await page.getByRole('tab', { name: /^Status/ }).focus();
      for (const name of sections.slice(1)) {
        await page.keyboard.press('ArrowDown');
        await page.getByRole('heading', { name, level: 1 }).waitFor();
      }
      await page.keyboard.press('Home');
      await page.getByRole('heading', { name: 'Status', level: 1 }).waitFor();
      const pause = page.getByRole('button', { name: 'Pause …' });
      await until('Tab to reach the button', async () => {
        await page.keyboard.press('Tab');
        return await pause.evaluate((button) => button === document.activeElement);
      });
      await page.keyboard.press('Enter');
      const question = page.getByRole('dialog', { name: 'Pause Drawbridge' });
      await question.waitFor();
      for (let step = 0; step < 8; step++) {
        await page.keyboard.press('Tab');
        expect(await question.evaluate((dialog) => dialog.contains(document.activeElement))).toBe(true);
      }
      await page.keyboard.press('Escape');
      await question.waitFor({ state: 'detached' });
      await until('the focus to be back', async () => pause.evaluate((button) => button === document.activeElement));
    });

    test.each(['light', 'dark'] as const)('has nothing serious for axe in any section or question, %s', async (colorScheme) => {
      proves('companion.accessible', {
        file: 'renderer/companion/style.css',
        find: '--soft: #59636e;',
        replace: '--soft: #c9d1d9;',
      });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // Through the debugger, because the page's own policy would not run it.
      const serious = async (where: string) => {
        const report = Report.parse(await page.evaluate(`${axe.source}; axe.run({ resultTypes: ['violations'] })`));
        return report.violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => `${where}: ${id} ${nodes.map(({ html }) => html).join(' ')}`);
      };
      const found: string[] = [];
      for (const name of sections) {
        await page.getByRole('tab', { name: new RegExp(`^${name}`) }).click();
        await page.getByRole('heading', { name, level: 1 }).waitFor();
        if (name === 'Settings') await page.getByRole('switch').waitFor({ state: 'attached' });
        found.push(...(await serious(name)));
      }
      await page.getByRole('tab', { name: /^Status/ }).click();
      await page.getByRole('button', { name: 'Pause …' }).click();
      await page.getByRole('dialog').waitFor();
      found.push(...(await serious('the pause question')));
      await page.keyboard.press('Escape');
      expect(found).toEqual([]);
    });

    // Last: Playwright waits for ever for a navigation that was begun and prevented.
    test('goes nowhere and opens nothing', async () => {
      proves('companion.page-confined', {
        file: 'main/window.ts',
        find: "window.webContents.on('will-navigate', (event) => event.preventDefault());",
        replace: '',
      });
      const before = page.url();
      await page.evaluate(() => {
        location.href = 'data:text/html,elsewhere';
      });
      await page.evaluate(() => {
        const link = document.createElement('a');
        link.href = 'file:///etc/hostname';
        document.body.append(link);
        link.click();
        link.remove();
      });
      const opened = await page.evaluate(() => [open('https://example.org/'), open('about:blank')].map((one) => one === null));
      expect(opened).toEqual([true, true]);
      // A question that is answered after all of this: the page is still there.
      await page.evaluate(() => (globalThis as unknown as Given).drawbridge.ask('companion:current'));
      expect(page.url()).toBe(before);
      expect(companion.app.windows()).toHaveLength(1);
      expect(await companion.opened()).toEqual([]);
    });

    test('broke no rule of its own policy while it was used', () => {
      // What the tests above tried is in it too; what the page itself does must not be.
      expect(complaints.filter((text) => /style|react-aria/i.test(text) && !/127\.0\.0\.1|example\.org/.test(text))).toEqual([]);
    });
  },
);

const Report = z.object({
  violations: z.array(z.object({ id: z.string(), impact: z.string().nullish(), nodes: z.array(z.object({ html: z.string() })) })),
});
