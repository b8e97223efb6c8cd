// The text of a record that is taken apart: whatever stands in it, put together it is what JSON.stringify writes, and its hash is that of the whole text.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AuditRecord, CallRecord } from '#contract/audit.ts';
import { GatewayId, newId, RecordId, ServerId, TokenId, UserId, WorkstationId } from '#contract/id.ts';
import { createLink, link } from '../../../gateway/audit/link.ts';
import { createTexts } from '../../../gateway/audit/text.ts';
import { type Apart, piecesOf, sharedText, valuesText, wholeText } from '../../../gateway/store/apart.ts';
import { proves } from '../../requirement.ts';
import { callRecord, recordOf } from '../../suite/sample.ts';

const whole = (body: string | Apart) =>
  typeof body === 'string'
    ? body
    : wholeText(
        body.shared.map(({ text }) => piecesOf(text)),
        valuesText(body.values),
      );

const few = <T>(of: readonly T[]) => fc.constantFrom(...of);
const id = () => newId();
const users = [1, 2, 3].map(() => UserId.parse(id()));
const tokens = [1, 2].map(() => TokenId.parse(id()));
const [gateways, servers] = [[1, 2].map(() => GatewayId.parse(id())), [1, 2].map(() => ServerId.parse(id()))];
const stations = [1, 2].map(() => WorkstationId.parse(id()));
const name = fc.oneof({ weight: 9, arbitrary: few(['a', '\t\n"\\', 'Zoë 機密 \u{1f600}', '\ud800']) }, fc.string());
const size = fc.oneof(fc.nat(), few([0, 9, 10, 99_999, 100_000, 999_999, 1_000_000, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]));
const odd = fc.oneof({ weight: 12, arbitrary: size }, few([-1, 0.5, Number.NaN, -0]));
const named = <T>(ids: readonly T[]) => fc.option(fc.record({ id: few(ids), name }), { freq: 5 });

/** As the pipeline makes them, in the order of its members; with few ids, so that what was kept is used again. */
const calls: fc.Arbitrary<CallRecord> = fc
  .record({
    head: fc.record({
      at: size,
      era: few(['modern', 'legacy'] as const),
      via: few(['http', 'shim'] as const),
      method: few(['tools/call', 'a\t"b'] as const),
    }),
    caller: fc.record({ user: named(users), host: fc.option(name), token: fc.option(few(tokens)) }),
    target: fc.record({ gateway: named(gateways), server: named(servers), tool: fc.option(name) }),
    manner: fc.record({
      workstation: fc.option(few(stations)),
      identity: fc.record({ kind: few(['none', 'own', 'shared'] as const), id: fc.option(few(['x', 'y', 'own'])) }),
    }),
    sizes: fc.record({ requestBytes: odd, responseBytes: odd }),
    legs: fc.record({ gatewayToHost: odd, hostToGateway: odd, gatewayToServer: odd, serverToGateway: odd }),
    upstreamError: fc.boolean(),
  })
  .map(({ head, caller, target, manner, sizes, legs, upstreamError }) => ({
    ...{ version: 1, kind: 'call', id: RecordId.parse(newId()), ...head, ...caller, requestBytes: sizes.requestBytes },
    ...{ ...target, item: null, ...manner, decision: 'allowed', code: null, hidden: [], stale: [], upstreamError },
    ...{ responseBytes: sizes.responseBytes, legs },
  }));

/** What keeps a record from being taken apart. */
const unlike: readonly Partial<CallRecord>[] = [
  { decision: 'refused', code: 'RULE_BLOCKED' },
  { decision: 'failed', code: 'SERVER_TIMEOUT' },
  { item: { kind: 'prompt', name: 'p' } },
  { hidden: ['a'] },
  { stale: ['b'] },
  { parked: { call: '01a20491-e46f-708d-b6df-159d2fd25a16', round: 1 } },
  { hits: [] },
  { hitsBeyond: 1 },
  { captured: { mode: 'full', request: 'a'.repeat(64) } },
  { legs: { gatewayToHost: 1 } },
];

describe('the text of a record', () => {
  test('is made once for calls that take turns in their era or their way, and keeps no memory but its own', () => {
    const textsOf = createTexts();
    const sharedOf = (of: Partial<CallRecord>) => {
      const legs = { gatewayToHost: 1, hostToGateway: 1, gatewayToServer: 1, serverToGateway: 1 };
      const text = textsOf(callRecord(null, { server: null, requestBytes: 1, responseBytes: 1, legs, ...of }));
      return typeof text === 'string' ? [] : text.shared;
    };
    const turns = [{ era: 'modern' as const }, { era: 'legacy' as const }, { era: 'legacy' as const, via: 'shim' as const }];
    const first = turns.map(sharedOf);
    expect(first.flat()).toHaveLength(9);
    for (const [index, turn] of turns.entries())
      for (const [at, shared] of sharedOf(turn).entries()) expect(shared).toBe(first[index]?.[at]);
    for (const piece of first.flat().flatMap(({ pieces }) => pieces)) expect(piece.buffer.byteLength).toBe(piece.byteLength);
  });

  test('that is taken apart is, put together, what JSON.stringify writes', () => {
    proves('audit.apart-text', {
      file: 'gateway/audit/text.ts',
      find: 'isSame(of.user, user)',
      replace: 'true',
    });
    fc.assert(
      fc.property(fc.array(calls, { minLength: 1, maxLength: 30 }), (records) => {
        const textOf = createTexts();
        for (const record of records) expect(whole(textOf(record))).toBe(JSON.stringify(record));
      }),
      { numRuns: 300 },
    );
  });

  test('has all that the record says, also where it is not a call like most', () => {
    const textOf = createTexts();
    const like = {
      ...callRecord(users[0] ?? null),
      legs: { gatewayToHost: 4, hostToGateway: 1, gatewayToServer: 2, serverToGateway: 3 },
    };
    expect(typeof textOf(like)).toBe('object');
    for (const change of unlike) {
      const record: AuditRecord = { ...like, ...change };
      expect(textOf(record)).toBe(JSON.stringify(record));
    }
    const event = recordOf(5, { text: 'x' });
    expect(textOf(event)).toBe(JSON.stringify(event));
    expect(JSON.parse(whole(textOf(like)) ?? '')).toEqual(like);
    // A member that is new in the contract has to be said in gateway/audit/text.ts, or to keep its record whole.
    const said = Object.keys(JSON.parse(whole(textOf(like)) ?? ''));
    expect([...said, 'parked', 'hits', 'hitsBeyond', 'captured'].toSorted()).toEqual(Object.keys(CallRecord.shape).toSorted());
  });

  test('is made anew where more is shared than is kept', () => {
    const textOf = createTexts();
    const legs = { gatewayToHost: 4, hostToGateway: 1, gatewayToServer: 2, serverToGateway: 3 };
    const first = callRecord(null, { tool: 'first', legs });
    const before = textOf(first);
    const same = textOf(first);
    if (typeof before === 'string' || typeof same === 'string') throw new Error('it is not taken apart');
    expect(same.shared.map((one, i) => one === before.shared[i])).toEqual([true, true, true]);
    for (let i = 0; i < 5000; i++) textOf(callRecord(null, { tool: `tool ${i}`, legs }));
    const after = textOf(first);
    if (typeof after === 'string') throw new Error('it is not taken apart');
    expect(after.shared[1]).not.toBe(before.shared[1]);
    expect(whole(after)).toBe(whole(before));
  });
});

describe('a text that is put together', () => {
  test('is that of its pieces and values one by one, and none where there are more or fewer of either', () => {
    const short = few(['', 'a', 'bc', '\ud800', '"']);
    const shared = fc.array(fc.array(short, { minLength: 1, maxLength: 4 }), { maxLength: 3 });
    fc.assert(
      fc.property(shared, fc.array(short, { maxLength: 8 }), (of, values) => {
        const places = of.reduce((sum, pieces) => sum + pieces.length - 1, 0);
        const given = values.join('\t');
        // One empty value and none are the same.
        const own = given === '' ? [] : values;
        let next = 0;
        const put = of.map((pieces) => pieces.map((piece, i) => (i === 0 ? '' : own[next++]) + piece).join('')).join('');
        expect(wholeText(of, given)).toBe(own.length === places ? put : undefined);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the hash of a text that is taken apart', () => {
  const text = fc.string({ unit: 'binary' }).map((of) => JSON.stringify(of));
  const anyApart: fc.Arbitrary<Apart> = fc
    .array(fc.array(text, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 })
    .chain((pieces) => {
      const places = pieces.reduce((sum, { length }) => sum + length - 1, 0);
      const values = fc.array(fc.oneof(text, size), { minLength: places, maxLength: places });
      return values.map((own) => ({ shared: pieces.map((of) => sharedText(of.join('\t'))), values: own }));
    });

  test('is that of the whole text', () => {
    const linked = createLink();
    fc.assert(
      fc.property(anyApart, fc.stringMatching(/^[0-9a-f]{64}$/), (apart, before) => {
        expect(linked(before, apart)).toBe(link(before, whole(apart) ?? ''));
        expect(link(before, apart)).toBe(link(before, whole(apart) ?? ''));
      }),
      { numRuns: 500 },
    );
  });

  test('is that of the whole text also where it is longer than most', () => {
    const linked = createLink();
    for (const length of [3900, 4000, 4100, 20_000]) {
      const apart = { shared: [sharedText(`${'a'.repeat(length)}\tb`)], values: [7] };
      expect(linked('f'.repeat(64), apart)).toBe(link('f'.repeat(64), `${'a'.repeat(length)}7b`));
    }
  });
});
