// Rules over the whole way: put in force while a host is connected, over what a real server of each era answers, logs, asks and describes.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { hostOfV1 } from './old-host.ts';
import { type Program, root, startProgram } from './program.ts';

const eras = ['legacy', 'modern'] as const;
const programs: Program[] = [];
let deployment: Deployment;
let token: string;
let policyWith: (rules: readonly object[]) => object;

beforeAll(async () => {
  const servers: Record<string, object> = {};
  for (const era of eras) {
    const program = startProgram(join(root, `test/fake/conformance/${era}.ts`), ['--http']);
    programs.push(program);
    const listening = z.looseObject({ url: z.string() }).parse(await program.event('listening'));
    servers[era] = { kind: 'remote', url: listening.url, allowPrivate: ['127.0.0.1'] };
  }
  policyWith = (rules) => ({
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['all'] } },
    teams: { all: { gateways: ['eng'] } },
    servers,
    gateways: { eng: { assignments: Object.fromEntries(eras.map((era) => [era, { tools: 'all' }])), rules } },
  });
  deployment = await deploy({ policy: policyWith([]) });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
}, 60_000);
afterAll(async () => {
  await deployment?.close();
  for (const program of programs) await program.stop();
});

test('rules that come into force hold for a host that is connected, and for what its servers say beside answers', async ({
  onTestFinished,
}) => {
  proves('rule.in-force-at-once', {
    file: 'gateway/upstream/unasked.ts',
    find: 'this.#deps.screen(of, own, (screened) => listener.tell(screened));\n    }\n  }\n\n  /** To the conversation that began the task',
    replace: 'listener.tell(own);\n    }\n  }\n\n  /** To the conversation that began the task',
  });
  const url = new URL(`${deployment.origin}/g/eng/mcp`);
  const host = await hostOfV1({ kind: 'http', url, token });
  onTestFinished(host.close);
  await host.setLogLevel('debug');
  for (const era of eras) {
    expect(await host.call(`${era}__test_simple_text`)).toBe('This is a simple text response for testing.');
    await host.call(`${era}__test_tool_with_logging`);
  }
  await until('the log messages', () => Promise.resolve(host.logged.length >= 6));
  expect(JSON.stringify(host.logged)).toContain('Tool');
  expect(JSON.stringify(await host.listTools())).toContain('Answers text');

  const word = (name: string, pattern: string, more: object = {}) => ({
    name,
    method: 'pattern',
    patterns: [pattern],
    action: 'replace',
    with: '###',
    ...more,
  });
  await deployment.apply(policyWith([word('text', 'simple|Tool|secret'), word('words', 'Answers', { for: ['definitions'] })]));
  await until(
    'the rules to be in force',
    async () => (await host.call('legacy__test_simple_text')) === 'This is a ### text response for testing.',
  );
  host.logged.length = 0;
  for (const era of eras) {
    expect(await host.call(`${era}__test_simple_text`)).toBe('This is a ### text response for testing.');
    await host.call(`${era}__test_tool_with_logging`);
    host.asked.length = 0;
    await host.call(`${era}__test_elicitation`, { message: 'my secret' });
    // What went to the server was inspected, and so was what it asked.
    expect(host.asked.map(({ params }) => params?.['message'])).toEqual([`The server "${era}" asks: my ###`]);
  }
  await until('the log messages', () => Promise.resolve(host.logged.length >= 6));
  expect(JSON.stringify(host.logged)).toContain('###');
  expect(JSON.stringify(host.logged)).not.toContain('Tool');
  expect(JSON.stringify(await host.listTools())).not.toContain('Answers text');
  const records = await deployment.records(40);
  const hits = records.flatMap(({ hits: of }) => (Array.isArray(of) ? (of as { rule: string; pointer: string }[]) : []));
  expect(hits).toContainEqual({ rule: 'text', action: 'replace', on: 'request', pointer: '/arguments/message', alert: false });
  expect(hits).toContainEqual({ rule: 'text', action: 'replace', on: 'response', pointer: '/content/0/text', alert: false });
  expect(hits).toContainEqual({ rule: 'words', action: 'replace', on: 'response', pointer: '/description', alert: false });

  await deployment.apply(policyWith([word('text', 'simple', { action: 'block', with: undefined })]));
  const refused = await until('the block', async () => {
    const answer = await host.call('modern__test_simple_text').catch((error: unknown) => error);
    return answer instanceof Error ? answer : undefined;
  });
  expect(refused).toMatchObject({ data: { code: 'RULE_BLOCKED' } });
  expect(String(refused)).toContain('"text"');
  expect((await deployment.calls(1))[0]).toMatchObject({
    decision: 'refused',
    code: 'RULE_BLOCKED',
    hits: [{ rule: 'text', action: 'block' }],
  });
});
