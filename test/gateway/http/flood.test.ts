// How much one address may begin.
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createFloodGate } from '../../../gateway/http/flood.ts';
import { proves } from '../../requirement.ts';

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
  expect(() => come('a')).toThrow('for sign-ins. Try again in 60 s');
  come('b');
  now += 60_000;
  come('a');
});

test('all addresses of one IPv6 network are one, and an IPv4 address is the same however it is written', () => {
  proves('sign-in.flood-network', {
    file: 'gateway/http/flood.ts',
    find: 'const address = neighborsOf(deps.addressOf(request));',
    replace: 'const address = deps.addressOf(request);',
  });
  const refuseFlood = createFloodGate({
    perMinute: 2,
    what: 'sign-ins',
    now: () => 0,
    addressOf: (request) => String(request.headers['from']),
  });
  const come = (from: string) => refuseFlood({ headers: { from } } as unknown as IncomingMessage);
  come('2001:db8:1:2::1');
  come('2001:db8:1:2:ffff::');
  expect(() => come('2001:db8:1:2:3:4:5:6')).toThrow('for sign-ins. Try again in 60 s');
  come('2001:db8:1:3::1');
  come('192.0.2.1');
  come('::ffff:192.0.2.1');
  expect(() => come('192.0.2.1')).toThrow('for sign-ins. Try again in 60 s');
});
