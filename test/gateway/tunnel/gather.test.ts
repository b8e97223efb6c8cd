// What is done for many at once where many come, and at once for each where few do.
import { expect, test } from 'vitest';
import { gathering } from '../../../gateway/tunnel/gather.ts';
import { proves } from '../../requirement.ts';

test('in a storm the work on all who came within a few milliseconds begins in one turn, and each learns of its own', async () => {
  proves('tunnel.storm-shares', {
    file: 'gateway/tunnel/gather.ts',
    find: 'if (gathered.length === 0 && wait === 0) return work(one);',
    replace: 'if (wait >= 0) return work(one);',
  });
  const begun: string[] = [];
  const record = gathering(
    async (one: string) => {
      begun.push(one);
      if (one === 'bad') throw new Error('no');
    },
    () => 5,
  );
  const all = [record('good'), record('bad')];
  expect(begun).toEqual([]);
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(begun).toEqual(['good', 'bad']);
});

test('where few come, each is worked on at once', () => {
  const begun: string[] = [];
  const record = gathering(
    async (one: string) => void begun.push(one),
    () => 0,
  );
  void record('one');
  expect(begun).toEqual(['one']);
});
