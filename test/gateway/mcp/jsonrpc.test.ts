// The envelope reader against JSON.parse: whatever JSON comes in, the spans it finds hold what JSON.parse found, and nothing is read two ways.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { asLine, readMessage, withId } from '../../../gateway/mcp/jsonrpc.ts';
import { elementsOf, membersOf } from '../../../gateway/mcp/span.ts';
import { proves } from '../../requirement.ts';

const json = fc.json({ maxDepth: 4 });
/** JSON with odd but legal spacing, so that spans are not found by luck. */
const spaced = fc
  .tuple(json, fc.constantFrom(0, 1, 4, '\t'))
  .map(([text, indent]) => JSON.stringify(JSON.parse(text), null, indent));

describe('spans', () => {
  test('members of any object hold exactly what JSON.parse reads', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), spaced, { maxKeys: 6 }),
        fc.constantFrom('', ' ', '\n', '\r\n\t'),
        (object, gap) => {
          const text = Buffer.from(
            `${gap}{${Object.entries(object)
              .map(([key, value]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${value}${gap}`)
              .join(',')}}${gap}`,
          );
          const found = membersOf(text, 0).map(({ key, value }) => [
            key,
            JSON.parse(text.toString('utf8', value.start, value.end)),
          ]);
          const expected = Object.entries(object).map(([key, value]) => [key, JSON.parse(value)]);
          expect(found).toEqual(expected);
        },
      ),
    );
  });

  test('no more members are looked at than somebody asks for', () => {
    const text = Buffer.from(`{${'"a":1,'.repeat(1000)}"a":1}`);
    expect(membersOf(text, 0)).toHaveLength(1001);
    expect(membersOf(text, 0, 65)).toEqual(membersOf(text, 0).slice(0, 65));
  });

  test('elements of any array hold exactly what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.array(spaced, { maxLength: 6 }), fc.constantFrom('', ' ', '\n'), (array, gap) => {
        const text = Buffer.from(`[${array.map((value) => `${gap}${value}${gap}`).join(',')}${gap}]`);
        expect(elementsOf(text, 0).map(({ start, end }) => JSON.parse(text.toString('utf8', start, end)))).toEqual(
          array.map((value) => JSON.parse(value)),
        );
      }),
    );
  });

  test('an escaped key is seen as the key it is', () => {
    const text = Buffer.from('{"na\\u006de":1,"\\"":2}');
    expect(membersOf(text, 0).map(({ key }) => key)).toEqual(['name', '"']);
  });
});

describe('readMessage', () => {
  test('replacing the id changes nothing but the id', () => {
    proves('protocol.raw-relay', {
      file: 'gateway/mcp/jsonrpc.ts',
      find: 'by: Buffer.isBuffer(id) ? id : JSON.stringify(id)',
      replace: "by: ' '",
    });
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.string({ maxLength: 40 })), spaced, fc.boolean(), (id, params, idLast) => {
        const idText = `"id": ${JSON.stringify(id)}`;
        const rest = `"method":"x","params":{"a":${params}},"jsonrpc":"2.0"`;
        const body = Buffer.from(idLast ? `{${rest}, ${idText}}` : `{ ${idText},${rest}}`);
        const message = readMessage(body);
        if (message.kind !== 'request') throw new Error('not a request');
        expect(message.id).toBe(id);
        const changed = withId(body, message.idSpan, 42);
        expect(changed.toString()).toBe(body.toString().replace(idText, () => '"id": 42'));
      }),
    );
  });

  test.each([
    ['the envelope', '{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}'],
    ['the envelope, escaped', '{"jsonrpc":"2.0","id":1,"method":"a","m\\u0065thod":"b"}'],
    ['params', '{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","name":"y"}}'],
    ['_meta', '{"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":{"k":1,"k":2}}}'],
    ['the envelope, in another case', '{"jsonrpc":"2.0","id":1,"method":"a","Method":"b"}'],
    ['params, in another case', '{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","NAME":"y"}}'],
    ['the envelope, with a letter that folds to another', '{"jsonrpc":"2.0","id":1,"method":"a","params":{},"param\u017f":{}}'],
  ])('a key that stands twice in %s is refused', (_, text) => {
    proves('protocol.one-meaning', {
      file: 'gateway/mcp/jsonrpc.ts',
      find: 'if (seen.includes(folded)) throw',
      replace: 'if (seen.length < 0) throw',
    });
    expect(() => readMessage(Buffer.from(text))).toThrow(/twice/);
  });

  test('a batch is refused by name', () => {
    proves('protocol.no-batch', {
      file: 'gateway/mcp/jsonrpc.ts',
      find: "throw new Fault('BATCH_UNSUPPORTED')",
      replace: 'return readMessage(Buffer.alloc(0))',
    });
    expect(() => readMessage(Buffer.from('[{"jsonrpc":"2.0","id":1,"method":"ping"}]'))).toThrow(/batches are not accepted/);
  });

  test('no bytes make it throw anything but a Fault', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (body) => {
          try {
            readMessage(body);
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
          }
        },
      ),
    );
  });

  test('text that is not UTF-8 is refused', () => {
    expect(() => readMessage(Buffer.from('7b226a223a22ff227d', 'hex'))).toThrow(/UTF-8/);
  });
});

test('a message on several lines becomes one line with the same meaning', () => {
  proves('protocol.no-line-injection', { file: 'gateway/mcp/jsonrpc.ts', find: 'line[i] = 0x20', replace: 'line[i] = 0x0a' });
  fc.assert(
    fc.property(fc.json(), (text) => {
      const body = Buffer.from(JSON.stringify({ a: JSON.parse(text), b: 'x\n\r\\n' }, null, 2).replaceAll('\n', '\r\n'));
      const line = asLine(body);
      expect(line.includes(0x0a) || line.includes(0x0d)).toBe(false);
      expect(JSON.parse(line.toString())).toEqual(JSON.parse(body.toString()));
    }),
  );
});
