// A local server that answers what no MCP server may: the call that it meant fails at once and by its name, and no other call does.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';
import { nodeServer, walkPolicy } from './policy.ts';
import { root } from './program.ts';

const program = join(root, 'test/fake/local-server/garbling.ts');
let deployment: Deployment;
let token: string;
const call = (name: string, args: Record<string, unknown> = {}, server = 'garbling') =>
  modern(`${deployment.origin}/g/eng/s/${server}/mcp`, token, 'tools/call', { name, arguments: args }, { id: 7 });
const lastRecord = async (tool: string) => (await deployment.records()).findLast((record) => record['tool'] === tool);

beforeAll(async () => {
  deployment = await deploy({
    policy: walkPolicy({
      garbling: { tools: 'all', timeoutSeconds: 20 },
      losing: { tools: 'all', timeoutSeconds: 2 },
      mute: { tools: 'all', timeoutSeconds: 6 },
    }),
  });
  await deployment.workstation({
    user: 'ada',
    profile: {
      LocalServers: {
        garbling: nodeServer(program),
        losing: nodeServer(program),
        mute: nodeServer(join(root, 'test/fake/local-server/silent.ts')),
      },
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  await until('a call to go through', async () => (await call('fine')).body.result !== undefined);
});
afterAll(() => deployment.close());

describe('an answer over the limit', () => {
  test.each([
    ['with its id before it', true],
    ['with its id after it', false],
  ])('fails its own call and no other: %s', async (_, idFirst) => {
    proves('failure.large-answer-own-call', {
      file: 'gateway/upstream/session.ts',
      find: 'const ids = remnant ? answeredIdsOf(remnant) : [];',
      replace: 'const ids = remnant ? [...this.#pending.values()].map((_, at) => this.#nextId - 1 - at) : [];',
    });
    const slow = call('slow', { holdMs: 2500 });
    const large = await call('large', { bytes: 9 * 1024 * 1024, idFirst });
    expect([large.status, codeOf(large), large.body.error?.data?.retry]).toEqual([200, 'ANSWER_TOO_LARGE', 'unknown']);
    expect((await slow).body.result).toMatchObject({ content: [{ text: 'slow' }] });
    // It ran, so the record does not say that it was refused.
    expect(await lastRecord('large')).toMatchObject({ decision: 'failed', code: 'ANSWER_TOO_LARGE' });
  });
});

describe('an answer that is no MCP message', () => {
  test.each(['unfinished', 'twice', 'batch', 'neither', 'scalar', 'quoted'])('fails its call at once: %s', async (name) => {
    proves('failure.garbage-at-once', {
      file: 'gateway/upstream/session.ts',
      find: 'for (const id of ids) this.#pending.get(id)?.reject(new Fault',
      replace: 'for (const id of ids.slice(1024)) this.#pending.get(id)?.reject(new Fault',
    });
    const slow = call('slow', { holdMs: 1000 });
    const began = Date.now();
    const answered = await call(name);
    expect([codeOf(answered), Date.now() - began < 10_000]).toEqual(['SERVER_GARBAGE', true]);
    expect((await slow).body.result).toMatchObject({ content: [{ text: 'slow' }] });
  });

  test('and names no call ends in its time, which says that something came', async () => {
    await call('fine', {}, 'losing');
    const answered = await call('lost', {}, 'losing');
    expect(codeOf(answered)).toBe('SERVER_TIMEOUT');
    expect(answered.body.error?.message).toMatch(/did not answer within 2 s; meanwhile it sent 1 message that can't be used/);
  });
});

describe('a list of tools', () => {
  test('shows none of two tools that bear one name', async () => {
    proves('protocol.one-tool-a-name', {
      file: 'gateway/upstream/item.ts',
      find: 'const isOnly = count.get(name) === 1;',
      replace: 'const isOnly = true;',
    });
    const { body } = await modern(`${deployment.origin}/g/eng/s/garbling/mcp`, token, 'tools/list');
    expect(body.result).toMatchObject({ tools: [{ name: 'fine' }] });
  });
});

test('a call that has to start its server ends within its own time', async () => {
  proves('failure.start-within-timeout', {
    file: 'gateway/upstream/within.ts',
    find: 'setTimeout(() => reject(late()), timeoutMs)',
    replace: 'setTimeout(() => reject(late()), 60_000)',
  });
  const began = Date.now();
  const answered = await call('echo', {}, 'mute');
  expect([codeOf(answered), Date.now() - began < 20_000]).toEqual(['SERVER_TIMEOUT', true]);
  expect(await lastRecord('echo')).toMatchObject({ decision: 'failed' });
});
