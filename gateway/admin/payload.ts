// Reading what was captured of a call. The rule: that somebody reads it is on record before they see it; what is not what the record stands for is not shown.
import { hash } from 'node:crypto';
import type { ShownPayloads } from '#contract/admin-audit.ts';
import type { CallRecord } from '#contract/audit.ts';
import { Fault } from '#contract/error.ts';
import type { RecordId } from '#contract/id.ts';
import { Payload, payloadDirections, type SealedPayload } from '#contract/payload.ts';
import { payloadDays, retentionCutoff } from '#contract/retention.ts';
import type { ChainedRecord, Store } from '../store/store.ts';
import { openPayload } from '../vault/payload-key.ts';
import { needGateway } from './actor.ts';
import { type AdminDeps, type Acting, doing } from './context.ts';
import { parseRecord } from './tail.ts';

type Reading = Acting & Pick<AdminDeps, 'keys' | 'now'>;

/** Rejects with PAYLOAD_MISSING, PAYLOAD_ALTERED, GATEWAY_NOT_GRANTED, VAULT_KEY_MISSING. */
export async function readPayloads(reading: Reading, id: RecordId): Promise<ShownPayloads> {
  const { store, actor, now } = reading;
  const { payloads, record: chained } = await store.payload.of(id, now());
  const record = chained ? callIn(chained, id) : await foundBy(store, id);
  if (record) needGateway(actor, await gatewayOf(store, record));
  else if (payloads.length === 0) throw missing(id, 'there is no such call, or it is not in the index yet');
  if (payloads.length === 0)
    throw missing(id, record?.captured ? await goneWhy(store, record, now()) : 'nothing was captured of this call');
  const captured = record?.captured;
  if (!record || !captured) throw altered(id, 'there is no such record, or it says that nothing was captured');
  const gateway = record.gateway?.name ?? null;
  const { mode } = captured;
  await doing(reading, now(), {
    operation: 'audit.payload',
    target: id,
    before: null,
    after: { gateway, mode },
  }).administration.noteDeed();
  const shown = [];
  for (const direction of payloadDirections) {
    const expected = captured[direction];
    const sealed = payloads.find((one) => one.direction === direction);
    if (expected === undefined && sealed === undefined) continue;
    if (expected === undefined || sealed === undefined) throw altered(id, `the ${direction} is missing or was added`);
    shown.push(await checked(reading, sealed, expected));
  }
  return { record: id, gateway, mode, payloads: shown };
}

async function checked(reading: Reading, sealed: SealedPayload, expected: string): Promise<Payload> {
  const text = await opened(reading, sealed);
  if (hash('sha256', text) !== expected) throw altered(sealed.record, `the ${sealed.direction} has another hash`);
  return Payload.parse(JSON.parse(text));
}

async function opened(reading: Reading, sealed: SealedPayload): Promise<string> {
  try {
    return await openPayload(reading, sealed);
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'VAULT_DAMAGED')) throw error;
    throw altered(sealed.record, `the ${sealed.direction} is not what was sealed, or its data key is not`, error);
  }
}

/** By the policy of now: one before it may have said less. */
async function goneWhy({ retention }: Pick<Store, 'retention'>, { at, captured }: CallRecord, now: number): Promise<string> {
  if (captured?.isLost) return 'it could not be kept, because its data key was gone by then, and the call was refused';
  const days = payloadDays(await retention.setting());
  return at < retentionCutoff(days, now)
    ? 'it has kept its time and was removed'
    : `it is gone before its time (${days}), by a policy that said less or by somebody's hand`;
}

/** The record that the payload was written with. Throws PAYLOAD_ALTERED. */
function callIn(chained: ChainedRecord, id: RecordId): CallRecord {
  const { record } = parseRecord(chained);
  if (record?.kind === 'call' && record.id === id) return record;
  throw altered(id, 'it was written with another record');
}

async function foundBy({ search }: Pick<Store, 'search'>, id: RecordId): Promise<CallRecord | undefined> {
  for (const found of await search.find({ kind: 'call', text: id }, { limit: 5 })) {
    const { record } = parseRecord(found);
    if (record?.kind === 'call' && record.id === id) return record;
  }
  return undefined;
}

/** Its name now. Of one that is gone, or whose name is another one's by now, and of a call that came to none: no name that a team could grant. */
async function gatewayOf(store: Pick<Store, 'policy'>, { gateway }: CallRecord): Promise<string> {
  if (gateway === null) return '';
  const { ids } = await store.policy();
  return ids.gateways[gateway.name] === gateway.id ? gateway.name : '';
}

function missing(record: RecordId, reason: string): Fault {
  return new Fault('PAYLOAD_MISSING', { record, reason });
}

function altered(record: RecordId, reason: string, cause?: unknown): Fault {
  return new Fault('PAYLOAD_ALTERED', { record, reason }, { cause });
}
