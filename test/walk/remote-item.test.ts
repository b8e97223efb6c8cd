// Prompts, resources, templates and completion of remote servers of both eras at the one URL, for hosts of both eras; and one of the servers killed.
import { join } from 'node:path';
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { proves } from '../requirement.ts';
import { deploy, type Deployment } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';
import { type Program, root, startProgram } from './program.ts';

const eras = ['legacy', 'modern'] as const;
const programs: Record<string, Program> = {};
let deployment: Deployment;
let token: string;
let url: string;

beforeAll(async () => {
  const servers: Record<string, object> = {};
  for (const era of eras) {
    const program = startProgram(join(root, `test/fake/conformance/${era}.ts`), ['--http']);
    programs[era] = program;
    const listening = z.looseObject({ url: z.string() }).parse(await program.event('listening'));
    servers[era] = { kind: 'remote', url: listening.url, allowPrivate: ['127.0.0.1'] };
  }
  const exposed = { tools: 'all', prompts: 'all', resources: ['test://static-text'], templates: 'all' };
  deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng'] } },
      servers,
      gateways: { eng: { assignments: Object.fromEntries(eras.map((era) => [era, exposed])) } },
    },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  url = `${deployment.origin}/g/eng/mcp`;
}, 60_000);
afterAll(async () => {
  await deployment?.close();
  for (const program of Object.values(programs)) await program.stop();
});

async function connect(isNew: boolean): Promise<OldClient | NewClient> {
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  if (!isNew) {
    const client = new OldClient({ name: 'old-host', version: '1' });
    await client.connect(new OldTransport(new URL(url), { requestInit }));
    return client;
  }
  const client = new NewClient({ name: 'new-host', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new NewTransport(new URL(url), { requestInit }));
  return client;
}

test.each([
  ['a 2025-11-25 host (SDK v1)', false],
  ['a host pinned to 2026-07-28 (SDK v2)', true],
])('%s uses the items of remote servers of both eras', async (_, isNew) => {
  proves('remote.item-header', {
    file: 'gateway/upstream/remote.ts',
    find: 'headerNameOf(request) === undefined ? undefined : (allowed.task?.own ?? allowed.item.name)',
    replace: 'headerNameOf(request)',
  });
  const client = await connect(isNew);
  const prompts = (await client.listPrompts()).prompts.map(({ name }) => name);
  expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual([
    'test://legacy__static-text',
    'test://modern__static-text',
  ]);
  for (const era of eras) {
    expect(prompts).toContain(`${era}__test_simple_prompt`);
    const prompt = { name: `${era}__test_prompt_with_embedded_resource`, arguments: { resourceUri: 'test://static-text' } };
    expect((await client.getPrompt(prompt)).messages[0]).toMatchObject({
      content: { type: 'resource', resource: { uri: `test://${era}__static-text` } },
    });
    for (const uri of [`test://${era}__static-text`, `test://${era}__template/7/data`])
      expect((await client.readResource({ uri })).contents).toMatchObject([
        { uri, text: expect.stringMatching(/static text|"7"/) },
      ]);
    const refused = await client.readResource({ uri: `test://${era}__static-binary` }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ data: { code: 'RESOURCE_NOT_PROVISIONED' } });
    const ref = { type: 'ref/prompt', name: `${era}__test_prompt_with_arguments` } as const;
    const completed = await client.complete({ ref, argument: { name: 'arg1', value: 'par' } });
    expect(completed.completion.values).toEqual(['paris', 'park', 'party']);
    const linked = await client.callTool({ name: `${era}__test_embedded_resource`, arguments: {} });
    expect(linked.content).toMatchObject([{ resource: { uri: expect.stringMatching(`^test://${era}__`) } }]);
  }
  await client.close();
});

test('one that is killed is shown as it last was, the other answers at once, and its items answer with its name', async () => {
  const list = async (method: string, member: string) => {
    const { result } = (await modern(url, token, method)).body;
    return ((result?.[member] ?? []) as { name: string }[]).map(({ name }) => name);
  };
  const before = await list('prompts/list', 'prompts');
  await programs['legacy']?.stop('SIGKILL');
  const began = performance.now();
  expect(await list('prompts/list', 'prompts')).toEqual(before);
  expect(performance.now() - began).toBeLessThan(7000);
  const listed = (await deployment.records(20)).findLast(({ method }) => method === 'prompts/list');
  expect(listed).toMatchObject({ stale: ['legacy'], decision: 'allowed' });
  const got = await modern(url, token, 'prompts/get', { name: 'modern__test_simple_prompt' });
  expect(got.body.result).toMatchObject({ messages: [{}] });
  const gone = await modern(url, token, 'prompts/get', { name: 'legacy__test_simple_prompt' });
  expect([codeOf(gone), gone.body.error?.message]).toEqual(['UPSTREAM_UNREACHABLE', expect.stringContaining('"legacy"')]);
});
