// A list of many servers while one of them is waited for: what is refused meanwhile is not in it, though it came before.
import type { ServerResponse } from 'node:http';
import { expect, test, vi } from 'vitest';
import { type Heard, listen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';
import { asJson, said } from '../upstream/remote-fixture.ts';
import { type Aggregate, aggregateOf } from './aggregate.ts';

type Answer = (response: ServerResponse, id: number) => void;

function serving(list: Answer): Promise<Heard> {
  return listen((seen, response) => {
    const { id, method } = said(seen);
    if (id === undefined) return response.writeHead(202).end();
    if (method === 'tools/list') return list(response, id);
    const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'a', version: '1' } };
    return method === 'initialize' ? asJson(response, { id, result }) : asJson(response, { id, error: { code: -32601 } }, 400);
  });
}
const tools =
  (...names: string[]): Answer =>
  (response, id) =>
    asJson(response, { id, result: { tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) } });

/** What the host is shown, where this happens once `quick` has answered and `slow` has not. */
async function shown(happens: (of: Aggregate) => Promise<void>) {
  const asked = Promise.withResolvers<() => void>();
  let isQuickAsked = false;
  const quick = await serving((response, id) => {
    isQuickAsked = true;
    tools('one', 'two')(response, id);
  });
  const slow = await serving((response, id) => asked.resolve(() => tools('three')(response, id)));
  const of = await aggregateOf({ quick, slow });
  const list = of.ask('tools/list');
  const answer = await asked.promise;
  await vi.waitFor(() => expect(isQuickAsked).toBe(true));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await happens(of);
  answer();
  const { result, error } = await list;
  return { names: (result as { tools: { name: string }[] } | undefined)?.tools.map(({ name }) => name), result, error };
}

test('a server that is switched off while others are waited for is left out', async () => {
  proves('switch.cuts-lists', {
    file: 'gateway/pipeline/list.ts',
    find: 'now === snapshot ? undefined',
    replace: 'now ? undefined',
  });
  const { names, result } = await shown(async ({ switchOff }) => {
    await switchOff('server', 'quick');
    await new Promise((resolve) => setTimeout(resolve, 90));
  });
  expect(names).toEqual(['slow__three']);
  expect(result).toMatchObject({ _meta: { 'drawbridge/leftOut': ['quick'] } });
});

test('a tool that is provisioned no more while others are waited for is hidden', async () => {
  const { names } = await shown(({ change }) =>
    change({ gateways: { main: { assignments: { quick: { tools: ['two'] }, slow: { tools: 'all' } } } } }),
  );
  expect(names).toEqual(['quick__two', 'slow__three']);
});

test('a host whose user is granted the gateway no more while a server is waited for is shown nothing', async () => {
  const { error } = await shown(({ change }) => change({ teams: { eng: { gateways: [] } } }));
  expect(error).toMatchObject({ data: { code: 'GATEWAY_NOT_GRANTED' } });
});
