// What rules found goes on record: in that of its call while that is open, else in an event of its own. The rule: never what was found, only by which rule and where; what is
// too much is counted.
import type { EventRecord } from '#contract/audit.ts';
import { newRecordId } from '#contract/id.ts';
import type { ExposedKind } from '#contract/policy.ts';
import type { RuleHit } from '#contract/rule.ts';
import type { Recorder } from '../audit/record.ts';
import type { HitLog } from '../call.ts';
import type { Told } from '../upstream/upstream.ts';

/** Of one record. */
const hitsAtMost = 50;

/** Where a request names what it is about, unless that is its method. */
const ofName: ReadonlySet<string> = new Set(['/name', '/uri']);

export function addHits(log: HitLog, hits: readonly RuleHit[], kind?: ExposedKind): void {
  for (const hit of hits) {
    log.isOfName ||= hit.on === 'request' && kind !== 'methods' && ofName.has(hit.pointer);
    if (log.hits.length < hitsAtMost) log.hits.push(hit);
    else {
      log.beyond++;
      // What ended the call is on record, however much was found before it.
      if (hit.action === 'block') log.hits[hitsAtMost - 1] = hit;
    }
  }
}

/** What was found after the record of its call was written, or in no call at all. The last event of many says how many there are beside them. */
export async function recordLate(
  recorder: Recorder,
  { caller, assignment, method }: Pick<Told, 'caller' | 'assignment' | 'method'>,
  hits: readonly RuleHit[],
): Promise<void> {
  const [told, last] = [hits.slice(0, hitsAtMost), hits.at(-1)];
  if (last && hits.length > hitsAtMost) told[hitsAtMost - 1] = last;
  const beyond = hits.length - told.length;
  for (const [index, { rule, action, on, pointer, alert }] of told.entries()) {
    const at = Date.now();
    const detail = {
      ...(beyond > 0 && index === hitsAtMost - 1 && { hitsBeyond: beyond }),
      rule,
      action,
      on,
      pointer,
      alert,
      method,
      server: assignment.server.slug,
      gateway: assignment.gateway.slug,
      host: caller.host,
    };
    const event: EventRecord = {
      version: 1,
      kind: 'event',
      id: newRecordId(at),
      at,
      event: 'rule_hit',
      user: { id: caller.user.id, name: caller.user.slug },
      workstation: caller.workstation,
      code: action === 'block' ? 'RULE_BLOCKED' : null,
      detail,
    };
    await recorder.append(event);
  }
}

/** Of notifications that were not even looked at. */
export async function recordDropped(recorder: Recorder, { caller, assignment, method }: Told, dropped: number): Promise<void> {
  const at = Date.now();
  const detail = {
    notifications: dropped,
    method,
    server: assignment.server.slug,
    gateway: assignment.gateway.slug,
    host: caller.host,
  };
  const user = { id: caller.user.id, name: caller.user.slug };
  const { workstation } = caller;
  const event = 'notifications_dropped';
  await recorder.append({ version: 1, kind: 'event', id: newRecordId(at), at, event, user, workstation, code: null, detail });
}
