// What is written so that a glance lets it by, or takes long.
import { expect, test } from 'vitest';
import { chainOf, inspectedWithout, messageOf } from './glance-stage.ts';

test('names of members that say what a number is are known however their words are parted', async () => {
  const chain = await chainOf([{ name: 'pii', method: 'pii', action: 'redact', threshold: 0.6 }], 'response');
  for (const [name, number] of [
    ...['tax_id', 'tax-id', 'taxId', 'Tax__ID', 'ss_#', 'SS--#', 'ss #'].map((one) => [one, '523456789'] as const),
    ...['health_service', 'healthService', 'Health-Service'].map((one) => [one, '9434765919'] as const),
  ])
    for (const json of [
      { [name]: number },
      { [name]: Number(number) },
      { [name]: [{ value: number }] },
      { field: name, value: number },
    ]) {
      const { body, span } = messageOf('result', JSON.stringify(json));
      const { hits } = await inspectedWithout(chain, 'response', 'result', body, span);
      expect([json, chain.glance?.(body, span), hits.length > 0]).toEqual([json, false, true]);
    }
});

test('a line break in a name is a space there: no number beside such a name is let by', async () => {
  const chain = await chainOf([{ name: 'pii', method: 'pii', action: 'redact', threshold: 0.6 }], 'response');
  for (const [name, value] of [
    ['ss\n#', '523456789'],
    ['SS\n#', '523456789'],
  ]) {
    const { body, span } = messageOf('result', JSON.stringify({ name, value }));
    const { hits } = await inspectedWithout(chain, 'response', 'result', body, span);
    expect([name, chain.glance?.(body, span), hits.length > 0]).toEqual([name, false, true]);
  }
});

test('a text that is chosen to make a glance long is left to the rules, whose time is bounded', async () => {
  const rules = Array.from({ length: 200 }, (_, index) => ({
    name: `rule-${index}`,
    method: 'pii',
    action: 'redact',
    threshold: 0.5 + index / 1000,
  }));
  const chain = await chainOf(rules, 'response');
  for (const piece of ['1111 1111 1111 1111 , ', 'a@b ', 'x:: ']) {
    const text = piece.repeat(Math.floor(15_000 / piece.length));
    const { body, span } = messageOf('result', JSON.stringify({ content: [{ type: 'text', text }] }));
    expect([piece, chain.glance?.(body, span)]).toEqual([piece, false]);
    const short = messageOf('result', JSON.stringify({ content: [{ type: 'text', text: piece }] }));
    expect([piece, chain.glance?.(short.body, short.span)]).toEqual([piece, true]);
  }
});

test('bytes that are no UTF-8 are never let by, and what stands at the very end of a body is seen', async () => {
  const chain = await chainOf(
    [{ name: 'text', method: 'pattern', action: 'redact', patterns: ['abc', 'longer one'] }],
    'response',
  );
  for (const lead of [[0xc3], [0xc2], [0xe4], [0xe4, 0xb8], [0xf0, 0x9f], [0xf0, 0x9f, 0x98], [0xe2, 0x80]]) {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(lead), Buffer.from(String.raw`\u0061bc"}`)]);
    expect(chain.glance?.(body, { start: 0, end: body.length })).toBe(false);
  }
  for (const word of ['abc', 'ABC', 'longer one'])
    for (const before of ['', 'x', 'xy', 'xyz']) {
      const body = Buffer.from(`"${before}${word}"`);
      expect(chain.glance?.(body, { start: 0, end: body.length })).toBe(false);
    }
});
