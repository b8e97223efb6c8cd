// What administrators change, by the command line and by the API of a running gateway server, through kills: each change is on record, once.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createAdminClient } from '#contract/admin-client.ts';
import { DeedRecord } from '#contract/audit.ts';
import { Slug } from '#contract/id.ts';
import { deploy, until, type Deployment } from './deployment.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', role: 'super-admin', teams: ['eng'] } },
      teams: { eng: { gateways: ['main'] } },
      gateways: { main: {} },
    },
  });
});
afterAll(() => deployment.close());

const deeds = async () => (await deployment.deeds()).map((record) => DeedRecord.parse(record));

describe('deeds', () => {
  test('of the command line and of the API are on record with who, what and why', async () => {
    const made = await deployment.admin('access-token', 'create', '--user', 'ada', '--json', '--reason', 'to begin');
    const { token, id } = z.object({ token: z.string(), id: z.string() }).parse(JSON.parse(made));
    const client = createAdminClient({ origin: deployment.origin, token, fetch });
    const create = { body: { slug: Slug.parse('ops'), team: { gateways: [] } } };
    expect(await client.call('teams.create', create)).toMatchObject({ ok: true, status: 201 });
    const found = await until('all three are on record', async () => {
      const all = await deeds();
      return all.length >= 3 && all;
    });
    expect(found).toMatchObject([
      {
        operation: 'policy.apply',
        actor: { kind: 'command-line' },
        before: { users: { ada: null } },
        after: { users: { ada: { role: 'super-admin' } } },
      },
      { operation: 'access-tokens.create', target: id, reason: 'to begin' },
      { operation: 'teams.create', target: 'ops', actor: { kind: 'user', user: { name: 'ada' }, accessToken: id } },
    ]);
    const all = await deployment.admin('audit', 'tail', '-n', '50', '--json');
    expect(all).not.toContain(token);
    expect(await deployment.admin('audit', 'tail')).toMatch(/ deed teams\.create ops ada$/m);
  });

  test('are on record once each, whenever the gateway server is killed', async () => {
    const hosts = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `https://${name}.example.org/client.json`);
    for (const [index, host] of hosts.entries()) {
      await deployment.admin('host', 'block', host);
      // Somewhere between the change and its record.
      if (index % 2 === 1) await deployment.restartGateway('SIGKILL');
    }
    const targets = await until(
      'all of them are on record',
      async () => {
        const blocked = (await deeds()).filter(({ operation }) => operation === 'hosts.block').map(({ target }) => target);
        return blocked.length >= hosts.length && blocked;
      },
      60_000,
    );
    expect(targets.toSorted()).toEqual(hosts);
    expect(await deployment.admin('audit', 'verify')).toMatch(/^whole/);
  });
});
