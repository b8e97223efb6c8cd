// A request under way ends when the token or the workstation by which its caller came is revoked, and nobody else's does.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId, Slug, UserId } from '#contract/id.ts';
import type { Caller, Identified } from '../../../gateway/call.ts';
import { createStanding } from '../../../gateway/caller/standing.ts';
import { openInForce } from '../../../gateway/in-force.ts';
import { createCut } from '../../../gateway/pipeline/cut.ts';
import { beginRecord } from '../../../gateway/pipeline/draft.ts';
import { proves } from '../../requirement.ts';
import { enrolled, hostToken } from '../../suite/sample.ts';
import { type Data, openData, quiet, twoTeams } from '../data.ts';

let data: Data;
beforeEach(async () => {
  data = await openData(twoTeams);
});
afterEach(() => data.close());

test('a request under way ends with the token or the workstation of its caller, and with no other', async () => {
  proves('pipeline.revoked-cut', {
    file: 'gateway/pipeline/cut.ts',
    find: '    void reviewCallers();\n',
    replace: '',
  });
  const { store, bus } = data;
  const inForce = await openInForce({ store, bus, logger: quiet, hashSecret: Buffer.alloc(32) });
  const cut = createCut({ inForce, stands: createStanding({ store, now: () => 5000 }) });
  const [token, other, device] = [hostToken('ada'), hostToken('bob', 'side'), await enrolled(store, 'ada')];
  await store.addToken(token);
  await store.addToken(other);

  const begin = (caller: Pick<Caller, 'token' | 'workstation'>, name: string) => {
    const request = identified(caller, name);
    const closed = new AbortController();
    const answer = Promise.withResolvers<string>();
    closed.signal.addEventListener('abort', () => answer.resolve('too late'));
    const done = cut.during(request, beginRecord(request, 'tools/call', request), closed, () => answer.promise);
    return { done, answer };
  };
  const [byToken, again] = [0, 1].map(() => begin({ token: token.id, workstation: null }, 'ada'));
  const byDevice = begin({ token: null, workstation: device.id }, 'ada');
  const elsewhere = begin({ token: other.id, workstation: null }, 'bob');

  await store.revokeToken(token.id, 4000);
  bus.publish('changed');
  await expect(byToken?.done).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  await expect(again?.done).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  await store.revokeWorkstation(device.id, 4000);
  bus.publish('changed');
  await expect(byDevice.done).rejects.toMatchObject({ code: 'WORKSTATION_REVOKED' });
  elsewhere.answer.resolve('answered');
  expect(await elsewhere.done).toBe('answered');
  cut.close();
  inForce.close();
});

function identified({ token, workstation }: Pick<Caller, 'token' | 'workstation'>, name: string): Identified {
  const gateway = Slug.parse('main');
  const user = { id: UserId.parse(newId()), slug: Slug.parse(name) };
  return {
    era: 'modern',
    method: 'tools/call',
    target: { gateway, server: undefined },
    body: Buffer.from('{}'),
    arrivedAt: { monotonic: 0, wall: 0 },
    caller: { user, host: 'codex', token, gateway, via: token === null ? 'shim' : 'http', workstation },
    conversation: 'one',
  };
}
