// Where the chains ended at a moment, sealed with the audit key, to be kept elsewhere: whoever brings back an older database together with its file of heads can't bring
// back what others keep. The rule: only an end that has a genuine seal is said.
import { type KeyObject, createHmac } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import type { Store } from '../store/store.ts';
import { chainName, isEqual, type Position } from './chain.ts';
import { endOf, type Marked } from './removal.ts';

const Unsealed = z.strictObject({
  version: z.literal(1),
  kind: z.literal('checkpoint'),
  /** ms since 1970. */
  at: z.number().int(),
  chains: z
    .array(
      z.strictObject({
        chain: z.string().regex(chainName),
        seq: z.number().int().min(1),
        hash: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(8000),
});
const Checkpoint = Unsealed.extend({ mac: z.string() });
type Checkpoint = z.infer<typeof Checkpoint>;

/** Rejects with AUDIT_BROKEN where a chain does not end as it was sealed. */
export async function makeCheckpoint(of: {
  readonly store: Pick<Store, 'chains' | 'chainHead'> & Marked;
  readonly key: KeyObject;
  readonly now: () => number;
}): Promise<Checkpoint> {
  const { store, key, now } = of;
  const chains: Position[] = [];
  for (const chain of await store.chains()) {
    const end = await endOf(store, key, chain);
    if (end === undefined || end === 'unsealed')
      throw new Fault('AUDIT_BROKEN', { reason: `The chain "${chain}" does not end with a seal of this audit key.` });
    chains.push(end);
  }
  const unsealed = { version: 1, kind: 'checkpoint', at: now(), chains } as const;
  return { ...unsealed, mac: macOf(key, unsealed) };
}

/** The event by which checkpoints go wherever records go. */
export const checkpointEvent = 'audit_checkpoint';
const Kept = z.looseObject({ event: z.literal(checkpointEvent), detail: z.looseObject({ checkpoint: z.string() }) });

/**
 * The positions that a file of kept checkpoints names: each line one, as `audit checkpoint` prints it, or a record of the event, as sinks and exports have it; other records
 * are passed over. Throws AUDIT_BROKEN for one that was not made with this key, or where there is none.
 */
export function readCheckpoints(text: string, key: KeyObject): readonly Position[] {
  const found = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => checkpointIn(parse(line)));
  for (const one of found)
    if (!isEqual(macOf(key, one), one.mac))
      throw new Fault('AUDIT_BROKEN', { reason: 'A checkpoint in the file was not made with this audit key, or was altered.' });
  if (found.length === 0) throw new Fault('AUDIT_BROKEN', { reason: 'There is no checkpoint in the file.' });
  return found.flatMap(({ chains }) => chains);
}

function checkpointIn(value: unknown): readonly Checkpoint[] {
  const plain = Checkpoint.safeParse(value);
  if (plain.success) return [plain.data];
  const within = typeof value === 'object' && value !== null && 'record' in value ? value.record : value;
  const kept = Kept.safeParse(within);
  if (!kept.success) return [];
  const inside = Checkpoint.safeParse(parse(kept.data.detail.checkpoint));
  if (inside.success) return [inside.data];
  throw new Fault('AUDIT_BROKEN', { reason: 'A checkpoint in the file was altered.' });
}

function macOf(key: KeyObject, { at, chains }: z.infer<typeof Unsealed>): string {
  const places = chains.map(({ chain, seq, hash }) => `${chain}|${seq}|${hash}`);
  return createHmac('sha256', key)
    .update(['checkpoint', at, ...places].join('|'))
    .digest('hex');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault('AUDIT_BROKEN', { reason: 'A line of the file of checkpoints is no JSON.' });
  }
}
