// Methods that are foreign to MCP, from hosts of both eras to servers of both eras, remote and on a workstation: passed on whole where the assignment exposes them, held to
// every rule, on record, off with every switch; refused everywhere else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { strange } from '../fake/local-server/vendor.ts';
import { proves } from '../requirement.ts';
import { until } from './deployment.ts';
import { root } from './program.ts';
import { askedIn, type Era, eras, names, standUp, type VendorStage } from './vendor.ts';

let stage: VendorStage;
beforeAll(async () => {
  stage = await standUp();
}, 60_000);
afterAll(() => stage?.close());

describe.each(eras)('a host of the %s era', (era) => {
  test.each(names)('gets the answer of a foreign method at %s byte for byte, and its params arrive so', async (server) => {
    expect((await stage.send(era, server, 'vendor/reindex', strange)).body).toContain(strange);
    expect(await stage.lastCall()).toMatchObject({
      method: 'vendor/reindex',
      server: { name: server },
      item: { kind: 'method', name: 'vendor/reindex' },
      tool: null,
      decision: 'allowed',
    });
    expect((await stage.send(era, server, 'vendor/said')).body).toContain(JSON.stringify(strange).slice(1, -1));
  });

  test.each(names)('gets the errors of %s as they are', async (server) => {
    const failed = await stage.send(era, server, 'vendor/fail');
    expect([failed.status, failed.body]).toEqual([
      200,
      expect.stringContaining('"code":-32077,"message":"out of order","data":{"vendor":1.0}'),
    ]);
    const unknown = await stage.send(era, server, 'vendor/unheard-of');
    expect([unknown.status, unknown.body]).toEqual([
      era === 'new' ? 404 : 200,
      expect.stringContaining('"code":-32601,"message":"no"'),
    ]);
  });

  test('is refused one that is not exposed as if it were not there, and its server hears nothing of it', async () => {
    proves('policy.foreign-method-closed', {
      file: 'gateway/policy/exposure.ts',
      find: "methods: shownOf(assignment.methods ?? 'none'),",
      replace: "methods: shownOf('all'),",
    });
    const before = stage.remote.new.said.length;
    const refused = await stage.send(era, 'remote-new', 'vendor/other');
    expect([refused.status, refused.body]).toEqual([era === 'new' ? 404 : 200, expect.stringContaining('METHOD_UNKNOWN')]);
    expect(await stage.lastCall()).toMatchObject({ decision: 'refused', code: 'METHOD_UNKNOWN', server: { name: 'remote-new' } });
    expect(askedIn(stage.remote.new.said.slice(before))).toEqual([]);
  });

  test.each(['tools/call', 'Tools/Call', 'tools//call', 'tools.call', 'sampling/createMessage', 'rpc.discover', 'täglich'])(
    'is refused %s where all methods are exposed: it is MCP’s own, or passes for it, or has no name',
    async (method) => {
      const before = stage.remote.new.said.length;
      const refused = await stage.send(era, 'open', method, '"name":"odd","arguments":{}').catch((error: unknown) => error);
      // A header can't hold every name.
      if (refused instanceof Error) return expect([era, method]).toEqual(['new', 'täglich']);
      expect(refused).toMatchObject({ body: expect.stringContaining('"error"') });
      expect(askedIn(stage.remote.new.said.slice(before))).toEqual([]);
    },
  );

  test('is refused every foreign method at the gateway’s one URL, for it names no server', async () => {
    const refused = await stage.send(era, '', 'vendor/reindex');
    expect([refused.status, refused.body]).toEqual([era === 'new' ? 404 : 200, expect.stringContaining('METHOD_UNKNOWN')]);
  });
});

test.each(['local-old', 'remote-new'])(
  'through the shim, foreign methods and notifications reach %s as they came',
  async (server) => {
    const url = stage.url(server);
    const args = [join(root, 'bridge/cli.ts'), 'connect', '--state', stage.workstation.stateDir, '--host', 'test', url];
    const shim = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    const lines: string[] = [];
    createInterface({ input: shim.stdout }).on('line', (line) => lines.push(line));
    const about = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'h', version: '1' } };
    shim.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: about })}\n`);
    shim.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    await until('initialize', () => Promise.resolve(lines.length === 1));
    shim.stdin.write(`{"jsonrpc":"2.0","id":1,"method":"vendor/reindex","params":{${strange}}}\n`);
    await until('the answer', () => Promise.resolve(lines.length === 2));
    expect(lines[1]).toContain(strange);
    shim.stdin.write(`{"jsonrpc":"2.0","method":"notifications/vendor/heard","params":{"from":"the shim"}}\n`);
    await until('its record', async () => (await stage.lastCall())?.['method'] === 'notifications/vendor/heard');
    shim.stdin.write('{"jsonrpc":"2.0","id":2,"method":"vendor/said"}\n');
    await until('what it heard', () => Promise.resolve(lines.length === 3));
    expect(lines[2]).toContain('the shim');
    shim.kill();
    await once(shim, 'exit');
  },
);

describe('rules', () => {
  test.each(eras)('hold for foreign methods of the %s era whatever they are for, both ways', async (era) => {
    proves('rule.foreign-method-all', {
      file: 'gateway/rule/compile.ts',
      find: "(scope === 'methods' || rule.for.includes(scope))",
      replace: 'rule.for.includes(scope as RuleScope)',
    });
    const at = (method: string, params = '') => stage.send(era, 'remote-new', method, params, 'strict');
    expect((await at('vendor/reindex', '"name":"open sesame"')).body).toContain('RULE_BLOCKED');
    expect((await at('vendor/reindex', '"deep":[{"a":"thunder"}]')).body).toContain('RULE_BLOCKED');
    const card = await at('vendor/card', '"uri":"card 4111 1111 1111 1111"');
    expect(card.body).toContain('"note":"[REDACTED]"');
    expect(stage.remote.new.said.at(-1)).toContain('card [REDACTED]');
    expect(await stage.lastCall()).toMatchObject({
      decision: 'allowed',
      hits: [
        { rule: 'cards', on: 'request' },
        { rule: 'cards', on: 'response' },
      ],
    });
  });

  test('look at the name of one that the policy does not name, and what they find there is in no record', async () => {
    proves('rule.foreign-method-name', {
      file: 'gateway/pipeline/screen.ts',
      find: 'if (!isItsName) return false;',
      replace: 'if (isItsName !== undefined) return false;',
    });
    const before = stage.remote.new.said.length;
    expect((await stage.send('new', 'remote-new', 'vendor/open-sesame', '', 'strict')).body).toContain('RULE_BLOCKED');
    expect(askedIn(stage.remote.new.said.slice(before))).toEqual([]);
    expect(await stage.lastCall()).toMatchObject({ method: '?', item: { kind: 'method', name: '?' }, code: 'RULE_BLOCKED' });
    expect(JSON.stringify(await stage.deployment.records(5))).not.toContain('sesame');
  });
});

test('a switch of the server ends its foreign methods too', async () => {
  await stage.deployment.admin('switch', 'off', 'server', 'remote-old', '--reason', 'a test');
  const isOff = async (era: Era) => (await stage.send(era, 'remote-old', 'vendor/reindex')).body.includes('SWITCHED_OFF');
  for (const era of eras) await until(`the switch to count for the ${era} era`, () => isOff(era));
  await stage.deployment.admin('switch', 'on', 'server', 'remote-old', '--reason', 'a test');
  await until('it to be on again', async () => (await stage.send('new', 'remote-old', 'vendor/reindex')).body.includes(strange));
});

test('a policy with methods comes back from an export as it was, and one that names a method of MCP is refused', async () => {
  const { deployment } = stage;
  const file = join(deployment.dir, 'exported.yaml');
  const exported = await deployment.admin('export');
  await writeFile(file, exported);
  expect(await deployment.adminRaw('apply', '--plan', '-f', file)).toMatchObject({ code: 0 });
  await writeFile(file, exported.replace('methods: all', 'methods: [tools/call]'));
  const refused = await deployment.adminRaw('apply', '-f', file);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/methods\[0\]: it is a method of MCP itself/)]);
});
