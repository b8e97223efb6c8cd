// A request that waits for its answer: what it leaves behind.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { keepCallsYoung } from '../../../gateway/heap.ts';
import { Pending, type PendingOwner } from '../../../gateway/upstream/pending.ts';
import { readMessage, type ResponseMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { proves } from '../../requirement.ts';

const nothing = () => undefined;
const owner: PendingOwner = { forget: nothing, cancel: nothing, due: nothing, late: () => new Fault('CANCELLED') };
const body = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}');
const answer = { body, message: readMessage(body) as ResponseMessage };

let answered = 0;

/** One that is answered at once, and held a kilobyte for its call. */
function settleOne(id: number): void {
  const touched = Array.from({ length: 128 }, () => id + 0.5);
  const { signal } = new AbortController();
  const terms = { timeoutMs: 60_000, leftMs: 60_000, progressToken: undefined, call: undefined, unusableBefore: 0, signal };
  const onAnswer = () => void (answered += touched.length);
  new Pending(owner, id, terms, 0, onAnswer, () => undefined).resolve(answer);
}

test('what a call touched is gone with it, without a collection of the whole heap', () => {
  proves('protocol.call-leaves-nothing', {
    file: 'gateway/upstream/pending.ts',
    find: "terms.signal.addEventListener('abort', onAbort);",
    replace: "terms.signal.addEventListener('abort', { handleEvent: onAbort });",
  });
  keepCallsYoung();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  const longLivedMb = () => {
    collect({ type: 'minor' });
    collect({ type: 'minor' });
    return (getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')?.space_used_size ?? 0) / 2 ** 20;
  };
  const grownMb = Array.from({ length: 9 }, () => {
    const before = longLivedMb();
    for (let id = 0; id < 1000; id++) settleOne(id);
    return longLivedMb() - before;
  });
  expect(answered).toBe(9000 * 128);
  // A thousand of them held a megabyte. The whole heap may have been collected in one of the rounds, so the one in the middle counts.
  expect(grownMb.toSorted((a, b) => a - b)[4]).toBeLessThan(0.5);
});
