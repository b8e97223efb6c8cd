// What a person answers a server goes to that server at that address, whatever bears its name by then.
import { expect, test } from 'vitest';
import { listen } from '../../fake/remote/listen.ts';
import { asJson, said } from '../upstream/remote-fixture.ts';
import { aggregateOf } from './aggregate.ts';

const question = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
};
const _meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };

/** A server of 2026-07-28 whose tool asks before it answers. */
function asking() {
  return listen((seen, response) => {
    const { id, method } = said(seen);
    const isAnswered = seen.body.includes('inputResponses');
    const answers: Record<string, object> = {
      'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
      'tools/list': { resultType: 'complete', tools: [{ name: 'bake', inputSchema: { type: 'object' } }] },
      'tools/call': isAnswered
        ? { resultType: 'complete', content: [] }
        : { resultType: 'input_required', inputRequests: { who: question }, requestState: 'mine' },
    };
    asJson(response, { id, result: answers[method ?? ''] });
  });
}
const remote = (origin: string) => ({ kind: 'remote', url: `${origin}/mcp`, allowPrivate: ['127.0.0.1'] });

test.each([
  ['moved', 'UPSTREAM_MOVED'],
  ['switched off', 'SWITCHED_OFF'],
  ['granted no more', 'GATEWAY_NOT_GRANTED'],
  ['quarantined', 'ITEM_ON_HOLD'],
  ['the same', undefined],
])('a retry whose server is %s by then brings it nothing that it may not have', async (change, code) => {
  const [one, other] = [await asking(), await asking()];
  const of = await aggregateOf({ baker: one });
  const call = { name: 'baker__bake', arguments: {}, _meta };
  const { result } = (await of.ask('tools/call', call)) as { result: { requestState: string } };
  if (change === 'moved') await of.change({ servers: { baker: remote(other.origin) } });
  if (change === 'granted no more') await of.change({ teams: { eng: { gateways: [] } } });
  if (change === 'quarantined') await of.quarantine();
  if (change === 'switched off') {
    await of.switchOff('server', 'baker');
    await new Promise((resolve) => setTimeout(resolve, 90));
  }
  const inputResponses = { who: { action: 'accept', content: { name: 'Ada' } } };
  const retried = await of.ask('tools/call', { ...call, inputResponses, requestState: result.requestState });
  if (code === undefined) expect(retried).toMatchObject({ result: { resultType: 'complete' } });
  else expect(retried).toMatchObject({ error: { data: { code } } });
  const got = [one, other].map(({ seen }) => seen.filter(({ body }) => body.includes('inputResponses')).length);
  expect(got).toEqual(code === undefined ? [1, 0] : [0, 0]);
});
