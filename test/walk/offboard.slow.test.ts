// Somebody leaves: a person with two hosts, a device whose server runs, an agent's token, a personal access token and a grant at a remote server. One command ends all of
// it, while a colleague goes on; its report verifies, and one that somebody changed does not.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { SignedReport } from '#contract/offboarding.ts';
import { type Guarded, serveGuarded } from '../fake/remote/guarded.ts';
import { proves } from '../requirement.ts';
import { type Browser, pageAt } from './browser.ts';
import { until } from './deployment.ts';
import { modern, post } from './mcp.ts';
import { processesWith } from './process.ts';
import { nodeServer } from './policy.ts';
import { root } from './program.ts';
import { deploySignIn, letIn, rawHost, type SignInDeployment } from './sign-in.ts';

let at: SignInDeployment;
let wiki: Guarded;
beforeAll(async () => {
  wiki = await serveGuarded();
  at = await deploySignIn({
    policy: {
      version: 1,
      users: {
        ada: { email: 'ada@example.org', teams: ['all'], role: 'administrator' },
        bob: { email: 'bob@example.org', teams: ['all'], role: 'super-admin' },
      },
      teams: { all: { gateways: ['eng'] } },
      servers: {
        wiki: { kind: 'remote', url: wiki.url, auth: 'oauth', allowPrivate: ['127.0.0.1'], title: 'Wiki' },
        counting: { kind: 'workstation' },
      },
      gateways: { eng: { assignments: { wiki: { tools: 'all', identity: 'own' }, counting: { tools: 'all' } } } },
    },
    extraSites: [wiki.issuer],
  });
}, 120_000);
afterAll(async () => {
  await at?.close();
  await wiki?.close();
});

const eng = (server?: string) => `${at.deployment.origin}/g/eng/${server === undefined ? '' : `s/${server}/`}mcp`;
const status = async (token: string) => (await modern(eng(), token, 'tools/list')).status;

/** The person connects to the wiki at the page of their identities. */
async function connect(browser: Browser): Promise<void> {
  let page = pageAt(await browser.open(`${at.deployment.origin}/identities`));
  for (let step = 0; step < 10; step++) {
    if (page.text.includes('name="login"')) {
      const login = page.url.origin === new URL(wiki.issuer).origin ? 'ada-at-wiki' : 'ada@example.org';
      page = pageAt(await browser.submit(page, { login, password: 'of the fake' }));
    } else if (page.text.includes('name="prompt" value="consent"')) page = pageAt(await browser.submit(page, {}));
    else if (page.text.includes('Connected since')) return;
    else {
      const form = [...page.text.matchAll(/<form\b[^>]*>(.*?)<\/form>/gs)].findIndex(([, inside]) =>
        inside?.includes('value="connect"'),
      );
      page = pageAt(await browser.submit(page, { deed: 'connect' }, { form }));
    }
  }
  throw new Error('ada did not come to be connected');
}

test('all that lets somebody in ends by one command, and its report can not be changed unseen', async () => {
  proves('offboard.cut', {
    file: 'gateway/store/sql/offboard.ts',
    find: "await putHold(tx, { user: found.id, email: found.email, cause: 'offboarding', now });",
    replace: '',
  });
  const { deployment } = at;
  const hosts = [await deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'codex' })];
  const raw = await rawHost(deployment.origin);
  const browser = at.browser();
  await connect(browser);
  const back = await letIn(browser, raw.begin(eng()), 'ada@example.org');
  hosts.push((await raw.redeem(back.searchParams.get('code') ?? '')).tokens?.access_token ?? '');
  const made = await deployment.admin('token', 'create', '--agent', 'helper', '--user', 'ada', '--gateway', 'eng', '--json');
  hosts.push(z.object({ token: z.string() }).parse(JSON.parse(made)).token);
  const personal = z
    .object({ token: z.string() })
    .parse(JSON.parse(await deployment.admin('access-token', 'create', '--user', 'ada', '--json'))).token;
  const asAdmin = async () =>
    (await fetch(`${deployment.origin}/api/v1/me`, { headers: { Authorization: `Bearer ${personal}` } })).status;
  const colleague = await deployment.hostToken({ user: 'bob', gateway: 'eng' });
  const counts = join(deployment.dir, 'counts');
  await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { counting: nodeServer(join(root, 'test/fake/local-server/counting.ts'), [counts]) } },
  });
  const count = () => modern(eng('counting'), hosts[0] ?? '', 'tools/call', { name: 'count', arguments: { key: 'x' } });
  await until('the server on the device to answer', async () => (await count()).body.result !== undefined);
  const begun = await post(eng('counting'), hosts[0], {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'old', version: '1' } },
  });
  const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': '2025-11-25' };
  const next = () => post(eng('counting'), hosts[0], { jsonrpc: '2.0', id: 2, method: 'tools/list' }, session);
  expect((await next()).status).toBe(200);
  const [tunnels, before] = [() => gauge('drawbridge_tunnels'), wiki.revoked.length];
  expect([await tunnels(), await asAdmin(), ...(await Promise.all(hosts.map(status)))]).toEqual(['1', 200, 200, 200, 200]);

  const file = join(deployment.dir, 'ada.json');
  await writeFile(file, '');
  const taken = await deployment.adminRaw('offboard', 'ada', '--out', file);
  expect([taken.code, taken.stderr]).toEqual([1, expect.stringContaining('nobody was offboarded')]);
  expect((await next()).status).toBe(200);
  await rm(file);
  /** Since the command was begun, whose own start counts too. */
  const tookMs: Record<string, number> = {};
  const begunAt = performance.now();
  const told = async (what: string, look: () => Promise<boolean>) => {
    await until(`${what} to be refused`, look, 60_000);
    tookMs[what] = Math.round(performance.now() - begunAt);
  };
  const ending = Promise.all([
    told('an open session', async () => (await next()).status === 401),
    told('the admin API', async () => (await asAdmin()) === 401),
    ...['a host by its token', 'a host that signed in', "an agent's token"].map((what, index) =>
      told(what, async () => (await status(hosts[index] ?? '')) === 401),
    ),
    told('the tunnel', async () => (await tunnels()) === '0'),
    told('the process on the device', async () => (await processesWith(counts)).length === 0),
  ]);
  const said = await deployment.adminRaw('offboard', 'ada', '--reason', 'left', '--out', file);
  expect([said.code, said.stderr]).toEqual([0, expect.stringContaining('ada: ')]);
  const { report } = SignedReport.parse(JSON.parse(await readFile(file, 'utf8')));
  await ending;
  // Where the server of the wiki was slower than is waited for, the report says so: what it then does is its own affair.
  const isLate = report.notCut.length > 0;
  if (isLate)
    expect(report.notCut).toEqual([
      expect.objectContaining({ what: 'identity', name: 'wiki', why: expect.stringContaining('did not answer') }),
    ]);
  else expect(wiki.revoked.slice(before)).toEqual(['refresh_token']);
  expect((await browser.open(`${deployment.origin}/identities`)) satisfies object).not.toMatchObject({
    text: expect.stringContaining('Connected since'),
  });
  expect(await status(colleague)).toBe(200);
  expect(report).toMatchObject({ user: { slug: 'ada' }, reason: 'left', by: { kind: 'command-line' } });
  // 2 s where the machine is free: said, since a busy one takes longer for reasons of its own.
  console.log(
    `offboarding: ${report.finishedAt - report.at} ms until the report was whole; since the command was begun: ${JSON.stringify(tookMs)}`,
  );
  expect([...report.cut, ...report.notCut].map(({ what }) => what).toSorted()).toEqual([
    'agent token',
    'browser sessions',
    'connection',
    'host token',
    'identity',
    'personal access token',
    'workstation',
  ]);

  const verify = async () => deployment.adminRaw('offboard', 'verify', file);
  expect(await verify()).toMatchObject({ code: 0, stdout: expect.stringContaining('as it was signed: ada left') });
  const text = await readFile(file, 'utf8');
  for (const [from, to] of [
    ['"codex"', '"other"'],
    ['"left"', '"stays"'],
    [`"at": ${report.at}`, `"at": ${report.at - 1}`],
    ['"cut": [', '"cut": [], "extra": ['],
  ] as const) {
    await writeFile(file, text.replace(from, to));
    expect(text).toContain(from);
    expect((await verify()).code).toBe(1);
  }
  expect(await deployment.adminRaw('token', 'host', '--user', 'ada', '--gateway', 'eng', '--host', 'codex')).toMatchObject({
    code: 1,
  });
  await deployment.admin('offboard', 'ada', '--undo');
  expect(await status(hosts[0] ?? '')).toBe(401);
  const fresh = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  await until('ada to come in again', async () => (await status(fresh)) === 200);
}, 120_000);

async function gauge(name: string): Promise<string | undefined> {
  const { metricsUrl } = z.looseObject({ metricsUrl: z.string() }).parse(await at.deployment.gateway().event('listening'));
  return new RegExp(`^${name} (\\d+)`, 'm').exec(await (await fetch(metricsUrl)).text())?.[1];
}
