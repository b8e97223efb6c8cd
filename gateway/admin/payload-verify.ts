// Whether each captured payload is there, opens, and is what its record stands for. The rule: nothing of what is in one is shown or kept; what can't be opened or compared
// counts as broken, and is named.
import { hash } from 'node:crypto';
import type { CallRecord } from '#contract/audit.ts';
import { Fault } from '#contract/error.ts';
import type { RecordId } from '#contract/id.ts';
import { payloadDirections, type PayloadDirection, type SealedPayload } from '#contract/payload.ts';
import { payloadDays, retentionCutoff } from '#contract/retention.ts';
import { pauses } from '../slice.ts';
import type { StoredPayload } from '../store/payload.ts';
import type { ChainedRecord, Store } from '../store/store.ts';
import { payloadOpener } from '../vault/payload-key.ts';
import type { KeyEncryption } from '../vault/seal.ts';
import { parseRecord } from './tail.ts';

export interface BrokenPayload {
  readonly record: RecordId;
  readonly direction: PayloadDirection;
  readonly why: string;
}
export interface VerifiedPayloads {
  /** Those that were looked at. */
  readonly payloads: number;
  /** The first of them; `beyond` more are broken. */
  readonly broken: readonly BrokenPayload[];
  readonly beyond: number;
}

/** Each may take half a megabyte. */
const pagePayloads = 20;
const pageRecords = 1000;
const namedAtMost = 1000;

/** In slices, beside a gateway server that goes on. Rejects with STORE_UNAVAILABLE. */
export async function verifyPayloads(of: {
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly now: () => number;
}): Promise<VerifiedPayloads> {
  const { store, keys, now } = of;
  const open = payloadOpener({ store, keys });
  const pause = pauses();
  const broken: BrokenPayload[] = [];
  let payloads = 0;
  let beyond = 0;
  const tell = (one: BrokenPayload) => {
    if (broken.length < namedAtMost) broken.push(one);
    else beyond++;
  };

  for (let last: SealedPayload | undefined; ;) {
    const page: readonly StoredPayload[] = await store.payload.page(last, pagePayloads, now());
    for (const { payload, record } of page) {
      const { record: id, direction } = payload;
      const why = await objection(payload, record, open);
      if (why !== undefined) tell({ record: id, direction, why });
    }
    payloads += page.length;
    last = page.at(-1)?.payload;
    if (last === undefined || page.length < pagePayloads) break;
    await pause();
  }

  for (const chain of await store.chains())
    for (let seq = 0; ;) {
      const page = await store.recordsAfter(chain, seq, pageRecords);
      const captured = page.flatMap((one) => (one.body.includes('"captured":') ? (callOf(one) ?? []) : []));
      const there = await store.payload.there(captured.map(({ id }) => id));
      // After that look: what went meanwhile because it has kept its time is missed by nobody.
      const before = retentionCutoff(payloadDays(await store.retention.setting()), now());
      for (const { id, at, captured: of } of captured)
        for (const direction of payloadDirections) {
          if (of?.[direction] === undefined || of.isLost || at < before) continue;
          const from = there.get(`${id}/${direction}`);
          if (from === undefined) tell({ record: id, direction, why: 'it is missing' });
          // Above it was not looked at, and soon it would be removed.
          else if (from < before) tell({ record: id, direction, why: 'it says that it is older than its record' });
        }
      const end = page.at(-1);
      if (end === undefined || page.length < pageRecords) break;
      seq = end.seq;
      await pause();
    }
  return { payloads, broken, beyond };
}

/** Why a payload is not what its record stands for; undefined where it is. */
async function objection(
  payload: SealedPayload,
  chained: ChainedRecord | undefined,
  open: (payload: SealedPayload) => Promise<string>,
): Promise<string | undefined> {
  const record = chained && callOf(chained);
  if (record?.id !== payload.record) return 'it was written with another record, or its record is gone';
  const expected = record.captured?.[payload.direction];
  if (expected === undefined || record.captured?.isLost) return 'its record says that nothing was captured so';
  try {
    return hash('sha256', await open(payload)) === expected ? undefined : 'it has another hash than its record names';
  } catch (error) {
    if (!(error instanceof Fault) || (error.code !== 'VAULT_DAMAGED' && error.code !== 'VAULT_KEY_MISSING')) throw error;
    return error.code === 'VAULT_KEY_MISSING'
      ? 'the key of the vault that it needs is missing'
      : 'it is not what was sealed, or its data key is gone or is not';
  }
}

function callOf(chained: ChainedRecord): CallRecord | undefined {
  const { record } = parseRecord(chained);
  return record?.kind === 'call' ? record : undefined;
}
