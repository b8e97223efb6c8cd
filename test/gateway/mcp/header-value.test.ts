// Header values that mirror a part of the body: every text has one encoding that leads back to it, and what is encoded wrongly leads nowhere.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeHeaderValue } from '../../../gateway/mcp/header-value.ts';
import { proves } from '../../requirement.ts';

const encoded = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;

test('what is encoded leads back to the text, and what is not stands for itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(decodeHeaderValue(encoded(text))).toBe(text);
      if (!/^=\?base64\?.*\?=$/s.test(text)) expect(decodeHeaderValue(text)).toBe(text);
    }),
  );
});

test.each([
  ['its padding is missing', '=?base64?SGVsbG8?='],
  ['it holds what is no base64', '=?base64?SGVs!!!bG8=?='],
  ['it holds a space', '=?base64?SGVs bG8=?='],
  ['it is base64url', '=?base64?8J-YgA==?='],
  ['its last bits are not zero', '=?base64?SGVsbG9=?='],
  ['it is no UTF-8', '=?base64?/w==?='],
])('a value is nothing where %s', (_, value) => {
  proves('edge.header-encoding', {
    file: 'gateway/mcp/header-value.ts',
    find: "bytes.toString('base64') === encoded && isUtf8(bytes)",
    replace: 'true',
  });
  expect(decodeHeaderValue(value)).toBeUndefined();
});

test.each(['SGVsbG8=', '=?base64?SGVsbG8=', '=?BASE64?SGVsbG8=?=', 'SGVsbG8=?='])(
  '%s is not marked as encoded: it stands for itself',
  (value) => {
    expect(decodeHeaderValue(value)).toBe(value);
  },
);
