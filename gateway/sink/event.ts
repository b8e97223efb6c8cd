// What is put on record of sinks themselves. The rule: each tells of a change of how things stand, never of a single attempt, because it is sent to the sinks too.
import type { Logger } from 'pino';
import type { EventRecord } from '#contract/audit.ts';
import { ownEvent, type Recorder } from '../audit/record.ts';

export interface SinkEvent {
  readonly event:
    // nothing arrives there; it does again
    | 'sink_failing'
    | 'sink_recovered'
    // it owes half of what it may; it owes less than a quarter again
    | 'sink_lagging'
    | 'sink_caught_up'
    // a record that it will not take while it takes others; records that it took and dropped; records that are not sent any more
    | 'sink_record_set_aside'
    | 'sink_rejected'
    | 'sink_skipped';
  readonly detail: EventRecord['detail'];
}

/** Where it can't be put on record, the log says it: nothing waits for it. */
export function createSinkEvents(
  recorder: Pick<Recorder, 'append'>,
  now: () => number,
  logger: Logger,
): (event: SinkEvent) => void {
  return ({ event, detail }) => {
    recorder
      .append(ownEvent(event, detail, now()))
      .catch((error: unknown) => logger.error({ err: error, event, ...detail }, 'an event of a sink is not on record'));
  };
}
