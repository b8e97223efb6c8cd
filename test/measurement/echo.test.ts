// What the load generator takes for a right answer.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { isRefusal } from '../bench/load/wire.ts';
import { firstId, readAnswer, templateOf, writeId } from '../bench/load/echo.ts';

const template = templateOf(200, 'session');
const id = firstId + 4711;
const text = `${id}${template.filler}`;
const result = (of: unknown): Buffer => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: of }));
const content = [{ type: 'text', text }];

describe('a call', () => {
  test.each([200, 65_536])('of %i B has a text of that size and the id in both places', (sizeBytes) => {
    for (const era of ['session', 'stateless'] as const) {
      const of = templateOf(sizeBytes, era);
      const bytes = Buffer.from(of.bytes);
      writeId(bytes, of, id, 0);
      const call = JSON.parse(bytes.toString());
      expect(call.id).toBe(id);
      expect(call.params.arguments.text).toBe(`${id}${of.filler}`);
      expect(Buffer.byteLength(call.params.arguments.text)).toBe(sizeBytes);
    }
  });
});

describe('an answer', () => {
  test('with its id and its text is right, whatever stands beside them', () => {
    expect(readAnswer(result({ content }), template.filler)).toEqual({ id, isRight: true });
    const spaced = `{ "result": ${JSON.stringify({ resultType: 'complete', content })}, "id": ${id}, "jsonrpc": "2.0" }`;
    expect(readAnswer(Buffer.from(spaced), template.filler)).toEqual({ id, isRight: true });
  });

  test('to another call, or that is an error, is not right', () => {
    proves('bench.right-answers-only', {
      file: 'test/bench/load/echo.ts',
      find: "envelope['id'] !== id ||",
      replace: '',
    });
    const other = JSON.stringify({ jsonrpc: '2.0', id: id + 1, result: { content } });
    expect(readAnswer(Buffer.from(other), template.filler).isRight).toBe(false);
    expect(readAnswer(result({ content, isError: true }), template.filler).isRight).toBe(false);
    expect(readAnswer(result({ content: [...content, ...content] }), template.filler).isRight).toBe(false);
    const refused = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, error: { code: 1, message: 'no' } }));
    expect(readAnswer(refused, template.filler)).toEqual({ id, isRight: false });
  });

  test('with one byte of its text changed is not right', () => {
    const right = result({ content });
    const textAt = right.indexOf(text);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 0x61, max: 0x7a }), (offset, byte) => {
        fc.pre(right[textAt + offset] !== byte);
        const wrong = Buffer.from(right);
        wrong[textAt + offset] = byte;
        expect(readAnswer(wrong, template.filler).isRight).toBe(false);
      }),
    );
  });
});

test('a server that says no is told from one that answers wrongly', () => {
  expect(isRefusal('{"jsonrpc":"2.0","id":100000047,"error":{"code":7429,"message":"Too much is waiting"}}')).toBe(true);
  expect(isRefusal('<!DOCTYPE html>')).toBe(true);
  expect(isRefusal('{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"an \\"error\\":"}]}}')).toBe(false);
  expect(isRefusal('{"result":{"error":1},"jsonrpc":"2.0","id":1}')).toBe(false);
});
