// The chain, with generated records and generated damage: whatever is done to it without the key shows.
import { createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extend, start } from '../../../gateway/audit/chain.ts';
import type { Break } from '../../../gateway/audit/check.ts';
import { replaceHeads } from '../../../gateway/audit/head.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import type { ChainedRecord, Seal } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { recordsIn } from '../../suite/record-list.ts';
import type { RecordList } from '../../suite/record-list.ts';

const key = createSecretKey(randomBytes(32));
let folder: string;
let headFile: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-chain-'));
  headFile = join(folder, 'head');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A chain of groups of these sizes, its head outside as it should be. */
function chainOf(sizes: readonly number[], text = 'x'): RecordList {
  const list: { records: ChainedRecord[]; seals: Seal[] } = { records: [], seals: [] };
  let at = start('main');
  for (const size of sizes) {
    const entries = Array.from({ length: size }, (_, i) => ({ at: at.seq + i, body: JSON.stringify({ at: at.seq + i, text }) }));
    const { records, seal } = extend(key, at, entries);
    list.records.push(...records);
    list.seals.push(seal);
    at = seal;
  }
  replaceHeads(headFile, key, [at]);
  return list;
}

const verify = (list: RecordList) => verifyAudit({ store: recordsIn(list), key, headFile });

const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 });
const anyPlace = fc.nat();

/** One change that somebody with the database, but without the key, could make. Undefined where it would change nothing. */
type Damage = (list: RecordList, place: number) => RecordList | undefined;
const replaceAt = <T>(list: readonly T[], place: number, change: (item: T) => T) =>
  list.map((item, i) => (i === place % list.length ? change(item) : item));
const removeAt = <T>(list: readonly T[], place: number) => list.filter((_, i) => i !== place % list.length);

const damages: Readonly<Record<string, Damage>> = {
  'another text': ({ records, seals }, place) => ({
    records: replaceAt(records, place, (record) => ({ ...record, body: record.body.replace('"text":"', '"text":"!') })),
    seals,
  }),
  'a space more': ({ records, seals }, place) => ({
    records: replaceAt(records, place, (record) => ({ ...record, body: `${record.body} ` })),
    seals,
  }),
  'another time': ({ records, seals }, place) => ({
    records: replaceAt(records, place, (record) => ({ ...record, at: record.at + 1 })),
    seals,
  }),
  'another hash': ({ records, seals }, place) => ({
    records: replaceAt(records, place, (record) => ({ ...record, hash: createHash('sha256').update(record.hash).digest('hex') })),
    seals,
  }),
  'a record removed': ({ records, seals }, place) => ({ records: removeAt(records, place), seals }),
  'a record removed and the rest renumbered': ({ records, seals }, place) => ({
    records: removeAt(records, place).map((record, i) => ({ ...record, seq: i + 1 })),
    seals,
  }),
  'two records in the place of each other': ({ records, seals }, place) => {
    if (records.length < 2) return undefined;
    const at = place % (records.length - 1);
    const [one, two] = [records[at], records[at + 1]];
    if (one === undefined || two === undefined) return undefined;
    return { records: records.with(at, { ...two, seq: one.seq }).with(at + 1, { ...one, seq: two.seq }), seals };
  },
  'a record twice': ({ records, seals }, place) => {
    const again = records[place % records.length];
    if (again === undefined) return undefined;
    const more = records.toSpliced(again.seq, 0, again);
    return { records: more.map((record, i) => ({ ...record, seq: i + 1 })), seals };
  },
  'the end cut off': ({ records, seals }, place) => {
    const keep = place % records.length;
    return { records: records.slice(0, keep), seals: seals.filter(({ seq }) => seq <= keep) };
  },
  'the end cut off at a group': ({ seals, records }, place) => {
    const keep = seals[place % seals.length]?.after ?? 0;
    return { records: records.slice(0, keep), seals: seals.filter(({ seq }) => seq <= keep) };
  },
  'the end cut off, its seals left': ({ records, seals }, place) => ({
    records: records.slice(0, place % records.length),
    seals,
  }),
  'a seal removed': ({ records, seals }, place) => ({ records, seals: removeAt(seals, place) }),
  'all seals removed': ({ records }) => ({ records, seals: [] }),
  'a seal with another mac': ({ records, seals }, place) => ({
    records,
    seals: replaceAt(seals, place, (seal) => ({ ...seal, mac: createHash('sha256').update(seal.mac).digest('hex') })),
  }),
  'seals joined by somebody without the key': ({ records, seals }, place) => {
    const at = place % seals.length;
    const [one, two] = [seals[at], seals[at + 1]];
    return one === undefined || two === undefined
      ? undefined
      : { records, seals: seals.toSpliced(at, 2, { ...two, after: one.after }) };
  },
  'rewritten from a record on, hashes and seals too, with another key': (list, place) => {
    const from = place % list.records.length;
    const otherKey = createSecretKey(createHmac('sha256', key).update('other').digest());
    const before = from === 0 ? start('main') : list.records[from - 1];
    if (before === undefined) return undefined;
    const entries = list.records.slice(from).map(({ at, body }) => ({ at, body: body.replace('"text":"', '"text":"!') }));
    const { records, seal } = extend(otherKey, before, entries);
    return {
      records: [...list.records.slice(0, from), ...records],
      seals: [
        ...list.seals.filter(({ seq }) => seq <= from),
        { ...seal, after: list.seals.findLast(({ seq }) => seq <= from)?.seq ?? 0 },
      ],
    };
  },
  'cut off and the last one rewritten over it': (list, place) => {
    const keep = list.seals[place % list.seals.length]?.after ?? 0;
    const otherKey = createSecretKey(createHmac('sha256', key).update('other').digest());
    if (keep === 0) return undefined;
    const records = list.records.slice(0, keep - 1);
    const before = records.at(-1) ?? start('main');
    const forged = extend(otherKey, before, [{ at: 1, body: '{"at":1}' }]);
    const seals = list.seals.filter(({ seq }) => seq < keep);
    return { records: [...records, ...forged.records], seals: [...seals, { ...forged.seal, after: seals.at(-1)?.seq ?? 0 }] };
  },
};

describe('a chain of records', () => {
  test('is whole as it was written, however the records came together', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.string({ unit: 'binary' }), async (groups, text) => {
        const total = groups.reduce((sum, size) => sum + size, 0);
        expect(await verify(chainOf(groups, text))).toMatchObject({ ok: true, records: total });
      }),
    );
  });

  test.each(Object.keys(damages))('with %s is broken', async (name) => {
    proves('audit.any-damage', {
      file: 'gateway/audit/check.ts',
      find: 'if (!isGenuine(key, seal))',
      replace: "if (seal.mac === '')",
    });
    const damage = damages[name];
    await fc.assert(
      fc.asyncProperty(sizes, anyPlace, async (groups, place) => {
        const damaged = damage?.(chainOf(groups), place);
        fc.pre(damaged !== undefined);
        expect(await verify(damaged)).toMatchObject({ ok: false, chain: 'main' });
      }),
    );
  });

  const named: readonly (readonly [string, Break, number, number])[] = [
    ['another text', 'altered', 4, 5],
    ['a record removed', 'missing', 4, 5],
    ['two records in the place of each other', 'altered', 4, 5],
    ['the end cut off at a group', 'truncated', 2, 6],
    ['the end cut off', 'truncated', 7, 8],
    ['a seal removed', 'seal-missing', 1, 3],
    ['a seal with another mac', 'seal-forged', 1, 3],
    ['rewritten from a record on, hashes and seals too, with another key', 'seal-forged', 7, 6],
  ];
  test.each(named)('with %s is called %s, with the first record that can not be trusted', async (name, what, place, seq) => {
    const damaged = damages[name]?.(chainOf([2, 3, 3]), place);
    if (damaged === undefined) throw new Error('no damage');
    expect(await verify(damaged)).toMatchObject({ ok: false, what, seq });
  });

  test('whose head outside is ahead of it is broken, even though every hash and seal in the database fits', async () => {
    proves('audit.truncated', {
      file: 'gateway/audit/verify.ts',
      find: 'if (head !== undefined && head.seq > last.seq) {',
      replace: 'if (head === undefined) {',
    });
    const list = chainOf([2, 3, 3]);
    const cut = { records: list.records.slice(0, 5), seals: list.seals.slice(0, 2) };
    const verdict = await verify(cut);
    expect(verdict).toMatchObject({ ok: false, what: 'truncated', seq: 6 });
    expect(verdict).toMatchObject({ words: expect.stringContaining('3 records are missing') });
  });

  test('whose head outside is behind is whole: the process was killed between the commit and the head', async () => {
    const list = chainOf([2, 3, 3]);
    replaceHeads(headFile, key, [list.records[4] ?? start('main')]);
    expect(await verify(list)).toMatchObject({ ok: true, records: 8 });
  });

  test('of another gateway server is whole without a head here, which is told; its own is not, nor one that was altered', async () => {
    proves('audit.own-head', {
      file: 'gateway/audit/verify.ts',
      find: '(own === undefined || own === chain)',
      replace: '(own === undefined)',
    });
    const list = chainOf([2, 3]);
    const verifyAs = (own: string | undefined, of = list) => verifyAudit({ store: recordsIn(of), key, headFile, own });
    replaceHeads(headFile, key, [start('node-1')]);
    expect(await verifyAs('node-1')).toMatchObject({
      ok: true,
      chains: [{ chain: 'main', isEndShown: false }, { isEndShown: true }],
    });
    for (const own of ['main', undefined])
      expect(await verifyAs(own)).toMatchObject({ ok: false, chain: 'main', what: 'head-missing' });
    const altered = damages['another text']?.(list, 1);
    if (altered === undefined) throw new Error('no damage');
    replaceHeads(headFile, key, [start('node-1')]);
    expect(await verifyAs('node-1', altered)).toMatchObject({ ok: false, what: 'altered' });
  });

  test('whose head is missing, of another key, or damaged is broken', async () => {
    const list = chainOf([2, 3]);
    rmSync(headFile);
    expect(await verify(list)).toMatchObject({ ok: false, what: 'head-missing' });
    replaceHeads(headFile, createSecretKey(randomBytes(32)), [list.records[4] ?? start('main')]);
    expect(await verify(list)).toMatchObject({ ok: false, what: 'head-damaged' });
  });

  test('that is gone altogether is broken', async () => {
    chainOf([2, 3]);
    expect(await verify({ records: [], seals: [] })).toMatchObject({ ok: false, what: 'truncated', seq: 1 });
  });

  test('is read in pages, also while it grows, and tells how far it is', async () => {
    const full = chainOf(Array.from({ length: 1800 }, (_, i) => (i % 5) + 1));
    // The first answers know half of it: the rest is appended while it is read.
    let calls = 0;
    const half = { records: full.records.slice(0, 2400), seals: full.seals.filter(({ seq }) => seq <= 2400) };
    const growing = () => (++calls <= 2 ? half : full);
    replaceHeads(headFile, key, [half.records.at(-1) ?? start('main')]);
    const seen: number[] = [];
    const verdict = await verifyAudit({ store: recordsIn(growing), key, headFile, onProgress: (n) => seen.push(n) });
    expect(verdict).toMatchObject({ ok: true });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test('stops being read when it is told to', async () => {
    const list = chainOf([3]);
    const verdict = verifyAudit({ store: recordsIn(list), key, headFile, signal: AbortSignal.abort() });
    await expect(verdict).rejects.toThrow(/abort/i);
  });
});
