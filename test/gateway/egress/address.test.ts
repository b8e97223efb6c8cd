// Which addresses are harmless, by a table of those that were used to attack others, and by properties of all.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { objection } from '../../../gateway/egress/address.ts';
import { proves } from '../../requirement.ts';

const wanted = (allowPrivate: readonly string[] = [], isEncrypted = true) => ({
  host: 'mcp.example.org',
  isEncrypted,
  allowPrivate,
});

const everything = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
  '::1',
  'mcp.example.org',
];
const never = [
  ['169.254.169.254', 'the metadata service of most clouds'],
  ['fe80::a9fe:a9fe', 'link-local'],
  ['fd00:ec2::254', "Amazon's metadata service over IPv6"],
  ['100.100.100.200', "Alibaba's metadata service"],
  ['0.0.0.0', 'any'],
  ['0.1.2.3', 'this network'],
  ['::', 'any'],
  ['64:ff9b::a9fe:a9fe', 'link-local through NAT64'],
  ['64:ff9b::7f00:1', 'loopback through NAT64'],
  ['2002:7f00:1::', 'loopback through 6to4'],
  ['2001:0:7f00:1::', 'through Teredo'],
  ['::ffff:169.254.169.254', 'link-local in IPv6'],
  ['::ffff:0:7f00:1', 'loopback, translated'],
  ['::2:3', 'outside of what was given out'],
  ['255.255.255.255', 'broadcast'],
  ['224.0.0.1', 'multicast'],
  ['ff02::1', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['192.0.0.192', "Oracle's metadata service"],
  ['2001:db8::1', 'documentation'],
  ['fec0::1', 'site-local'],
] as const;

test.each(never)('%s (%s) is refused whatever is allowed', (address) => {
  proves('egress.private-refused', {
    file: 'gateway/egress/address.ts',
    find: "if (!allowable.has(range) || metadata.has(parsed.toString())) return 'its address is one that nobody may allow';",
    replace: '',
  });
  expect(objection(address, wanted(everything))).toBeDefined();
});

const privates = [
  '127.0.0.1',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.1.1',
  '100.64.0.1',
  'fd12:3456::1',
  '::1',
  '::ffff:10.0.0.1',
  '::ffff:7f00:1',
];

test.each(privates)('%s is refused where nothing is allowed, and reached where it is', (address) => {
  expect(objection(address, wanted())).toContain('private');
  expect(objection(address, wanted(['203.0.113.0/24', 'other.example.org']))).toContain('private');
  expect(objection(address, wanted(everything.filter((entry) => entry !== 'mcp.example.org')))).toBeUndefined();
  expect(objection(address, wanted(['MCP.example.org']))).toBeUndefined();
});

test('a public address is reached, and without encryption only this machine', () => {
  for (const address of ['93.184.216.34', '2606:2800:220:1::1']) {
    expect(objection(address, wanted())).toBeUndefined();
    expect(objection(address, wanted(everything, false))).toContain('encrypted');
  }
  expect(objection('127.0.0.1', wanted(['127.0.0.1'], false))).toBeUndefined();
  expect(objection('10.0.0.1', wanted(['10.0.0.1'], false))).toContain('encrypted');
});

test('an IPv4 address means the same inside of IPv6', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(objection(`::ffff:${address}`, wanted(['10.0.0.0/8']))).toBe(objection(address, wanted(['10.0.0.0/8'])));
    }),
  );
});

test('no network allows an address outside of it', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const isInside = address.startsWith('10.');
      const isAllowed = objection(address, wanted(['10.0.0.0/8'])) === undefined;
      if (isInside) expect(isAllowed).toBe(true);
      else expect(isAllowed).toBe(objection(address, wanted()) === undefined);
    }),
  );
});
