// However many local servers a device has, what it offers fits into one frame that the gateway accepts.
import { expect, test } from 'vitest';
import { jsonLimitBytes } from '#contract/frame.ts';
import { jsonFrame } from '#contract/frame-codec.ts';
import { Fingerprint, Slug } from '#contract/id.ts';
import type { Offer } from '#contract/server.ts';
import { fitting } from '../../../bridge/tunnel/offer.ts';

const offer = (argument: string): Offer => ({
  server: Slug.parse('memory'),
  fingerprint: Fingerprint.parse(`sha256:${'a'.repeat(64)}`),
  command: { kind: 'file', identity: '/bin/x', contentHash: '', args: [argument], environmentNames: [] },
  hosts: [],
});

test.each([
  ['few', Array(3).fill(offer('é"')), 3],
  ['more than a frame may list', Array(700).fill(offer('x')), 500],
  ['too long together', Array(100).fill(offer('"'.repeat(20_000))), 26],
  ['led by one that is too long alone', [offer('x'.repeat(2 * jsonLimitBytes)), offer('x')], 0],
])('offers that are %s are told as far as they fit', (_, offers, count) => {
  const fits = fitting(offers);
  expect(fits).toHaveLength(count);
  expect(jsonFrame('offer', 0, { offers: fits }).length).toBeLessThanOrEqual(jsonLimitBytes + 9);
});
