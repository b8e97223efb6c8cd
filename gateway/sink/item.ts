// A record on its way out: what a sink's filter lets through, without the fields that it leaves out, in the body that it wants. Pure.
// The rule: what is not understood goes as it is rather than not at all, because somebody may have altered it.
import type { PolicySink, SinkFilter } from '#contract/sink.ts';
import type { ChainedRecord } from '../store/store.ts';
import { type Fields, fieldsOf, valueAt } from './field.ts';
import { asApiActivity } from './ocsf.ts';

export interface Item {
  readonly chain: string;
  readonly seq: number;
  readonly id: string;
  /** ms since 1970. */
  readonly at: number;
  /** The record with its place, without what is left out. */
  readonly record: Fields;
  /** The body as the sink wants it. */
  readonly body: Fields;
  /** The body as JSON. */
  readonly text: string;
}

/** Undefined where the filter does not let it through. */
export function itemOf(
  { chain, seq, at, body: stored }: ChainedRecord,
  sink: Pick<PolicySink, 'only' | 'redact' | 'format'>,
  organization: string,
): Item | undefined {
  const parsed = parse(stored);
  if (parsed !== undefined && !passes(parsed, sink.only)) return undefined;
  const whole = parsed ?? { version: 1, kind: 'unreadable', id: `${chain}-${seq}`, at, text: stored };
  const record = sink.redact.reduce<Fields>((of, path) => fieldsOf(without(of, path.split('.'))), { ...whole, chain, seq });
  const body = sink.format === 'ocsf' ? asApiActivity(record, organization) : record;
  const id = typeof record['id'] === 'string' ? record['id'] : `${chain}-${seq}`;
  return { chain, seq, id, at, record, body, text: JSON.stringify(body) };
}

export function passes(record: Fields, only: SinkFilter | undefined): boolean {
  if (only === undefined) return true;
  const has = (wanted: readonly string[] | undefined, value: unknown) =>
    wanted === undefined || (typeof value === 'string' && wanted.includes(value));
  return (
    has(only.kinds, record['kind']) &&
    has(only.events, record['event']) &&
    has(only.decisions, record['decision']) &&
    has(only.gateways, valueAt(record, 'gateway', 'name')) &&
    has(only.servers, valueAt(record, 'server', 'name'))
  );
}

const leftOut = '[redacted]';

function without(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return typeof value === 'string' ? leftOut : null;
  if (Array.isArray(value)) return value.map((each) => without(each, [name, ...rest]));
  if (!(value instanceof Object) || !Object.hasOwn(value, name)) return value;
  const fields = fieldsOf(value);
  return { ...fields, [name]: without(fields[name], rest) };
}

function parse(body: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return value instanceof Object && !Array.isArray(value) ? fieldsOf(value) : undefined;
  } catch {
    return undefined;
  }
}
