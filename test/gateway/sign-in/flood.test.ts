// How much one address may begin.
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createFloodGate } from '../../../gateway/http/sign-in/flood.ts';

test('an address has its bound each minute, and leaves the others theirs', () => {
  let now = 60_000;
  const refuseFlood = createFloodGate({
    perMinute: 2,
    what: 'sign-ins',
    now: () => now,
    addressOf: (request) => String(request.headers['from']),
  });
  const come = (from: string) => refuseFlood({ headers: { from } } as unknown as IncomingMessage);
  come('a');
  come('a');
  expect(() => come('a')).toThrow('Too much is waiting for sign-ins');
  come('b');
  now += 60_000;
  come('a');
});
