// Nothing of a host that came for a moment stays at the gateway server: not in memory, not as a socket, not as a session. What else there is to leave behind
// (a bridge, its servers, every way in which a stream can end) is tried by `npm run bench -- --part leak`, with as many.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { masses } from '../bench/leak/mass.ts';
import { filesOf, forward, gaugesOf, heapOf, probed } from '../bench/leak/state.ts';
import { serveOld } from '../fake/remote/old.ts';
import { proves } from '../requirement.ts';
import { deploy, until } from './deployment.ts';
import { modern } from './mcp.ts';

const count = 100_000;
const first = 20_000;
/** Longer than a session lives that nobody uses. */
const expiryMs = 31 * 60_000;
/** For code that is compiled and pools that fill (1 to 3 MB were seen): 150 bytes a session, and a session that is kept is several times that. */
const heapAtMost = 12 * 1024 * 1024;
const filesAtMost = 4;

test(
  '100,000 short sessions of both eras leave nothing behind that the first 20,000 did not',
  { timeout: 280_000 },
  async ({ onTestFinished }) => {
    proves('walk.nothing-left-behind', {
      file: 'gateway/mcp/session.ts',
      find: 'deps.onEnd(session.id);',
      replace: 'deps.onEnd(session.id);\n    Reflect.set(perUser, session.id, Buffer.alloc(1024));',
    });
    // Short, because the path of a socket has to be.
    const folder = await mkdtemp(join(tmpdir(), 'dbl-'));
    const remote = await serveOld();
    const deployment = await deploy({
      policy: policyFor(remote.url),
      env: probed(folder),
    });
    onTestFinished(async () => {
      await deployment.close();
      await remote.close();
      await rm(folder, { recursive: true, force: true });
    });
    const [token, leaver] = [await deployment.hostToken(of('ada')), await deployment.hostToken(of('grace'))];
    const path = '/g/eng/mcp';
    await until('the tools', async () => (await modern(deployment.origin + path, token, 'tools/list')).body.result);
    const { pid } = deployment.gateway();
    const metricsUrl = String((await deployment.gateway().event('listening'))['metricsUrl']);
    const mass = { port: deployment.port, path, token, leaver, tool: 'remote__echo' };

    async function look() {
      await until('everything to be over', async () => {
        await forward(folder, pid, expiryMs);
        const { tunnels: _, ...open } = await gaugesOf(metricsUrl);
        return Object.values(open).every((value) => value === 0);
      });
      return { heapBytes: await heapOf(folder, pid), ...filesOf(pid) };
    }

    await masses(mass, 0, first);
    const before = await look();
    await masses(mass, first, count);
    const after = await look();
    expect(after.heapBytes - before.heapBytes).toBeLessThan(heapAtMost);
    expect(after.all - after.sockets - (before.all - before.sockets)).toBeLessThan(filesAtMost);
    // Connections to the remote server are kept for a while, as many as were used at once.
    expect(after.sockets - before.sockets).toBeLessThanOrEqual(32);
  },
);

const of = (user: string) => ({ user, gateway: 'eng' });

const policyFor = (url: string): object => ({
  version: 1,
  users: Object.fromEntries(['ada', 'grace'].map((user) => [user, { email: `${user}@example.org`, teams: ['all'] }])),
  teams: { all: { gateways: ['eng'] } },
  servers: { remote: { kind: 'remote', url, allowPrivate: ['127.0.0.1'] } },
  gateways: { eng: { assignments: { remote: { tools: ['echo'] } } } },
});
