// What becomes of records over many days, with generated histories: after each look exactly those are there that a naive model keeps, and the chain is whole.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SinkId } from '#contract/id.ts';
import { until } from '../../walk/deployment.ts';
import { aging, day, end, events, expiring, indexAll, looks, seqs, tamper, verify, write, type Aging } from './aging.ts';

type Step =
  | { readonly kind: 'write'; readonly ages: readonly number[] }
  | { readonly kind: 'days'; readonly days: number }
  | { readonly kind: 'send'; readonly part: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  // How long ago each of a group's calls began, in days.
  fc.record({
    kind: fc.constant('write' as const),
    ages: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('days' as const), days: fc.integer({ min: 0, max: 8 }) }),
  fc.record({ kind: fc.constant('send' as const), part: fc.integer({ min: 1, max: 4 }) }),
);
/** Days that records are kept. */
const kept = 5;

/** The number of the last record that is over: of whole groups, that were sent, from the beginning. */
function modelOf(groups: readonly { readonly last: number; readonly youngest: number }[], at: number, sent: number): number {
  let gone = 0;
  for (const { last, youngest } of groups) {
    if (Math.floor(youngest / day) >= Math.floor(at / day) - kept || last > sent) break;
    gone = last;
  }
  return gone;
}

async function live(of: Aging, steps: readonly Step[]): Promise<void> {
  const groups: { last: number; youngest: number }[] = [];
  const [{ id } = { id: '' }] = await of.store.sink.sinks();
  const sink = SinkId.parse(id);
  await of.store.sink.lease(sink, 'a', 1, 2);
  const none = { sent: 0, rejected: 0, skipped: 0, parked: [], error: null, complaint: null, at: 1 };
  let sent = 0;
  let gone = 0;
  const head = async () => (await of.store.chainHead('main'))?.record.seq ?? 0;
  for (const one of steps) {
    if (one.kind === 'days') of.at += one.days * day;
    if (one.kind === 'send') {
      sent = Math.max(sent, gone, Math.floor(((await head()) * one.part) / 4));
      await of.store.sink.report(sink, 'a', { ...none, cursors: new Map([['main', sent]]) });
    }
    if (one.kind === 'write') {
      const times = one.ages.map((age) => of.at - age * day);
      await write(of, [times], 'main', groups.length === 0);
      groups.push({ last: await head(), youngest: Math.max(...times) });
    }
    await indexAll(of);
    const should = modelOf(groups, of.at, sent);
    const { close } = await expiring(of, { everyMs: 1 });
    if (should > gone) {
      await until('the model is reached', async () => ((await of.store.retention.removal('main'))?.seq ?? 0) >= should);
      gone = should;
    } else await looks(of, 2);
    await close();
    // What is said of it is a record too.
    if ((await head()) > (groups.at(-1)?.last ?? 0)) groups.push({ last: await head(), youngest: of.at });
    const last = await head();
    expect(await seqs(of)).toEqual(Array.from({ length: last - gone }, (_, i) => gone + i + 1));
    expect((await of.store.retention.removal('main'))?.seq ?? 0).toBe(gone);
    const found = await of.store.search.find({}, { limit: 1000 });
    expect(found.every(({ seq }) => seq > gone)).toBe(true);
    if (groups.length > 0) expect(await verify(of)).toMatchObject({ ok: true, records: last - gone });
  }
  expect(await events(of, 'retention_stopped')).toEqual([]);
}

test('over many days exactly the records are there that are young enough, or still owed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), fc.nat(), async (steps, place) => {
      const of = await aging(`${kept}d`, ['siem']);
      try {
        await live(of, [{ kind: 'write', ages: [0] }, ...steps]);
        // And whatever record of them goes beside the policy is missed.
        const left = await seqs(of);
        const victim = left[place % left.length];
        tamper(of, (db, at) => db.prepare('delete from record where id = ?').run(at(victim ?? 0)));
        expect(await verify(of)).toMatchObject({ ok: false });
      } finally {
        await end(of);
      }
    }),
    { numRuns: 12 },
  );
});
