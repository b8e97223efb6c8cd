// An outage in the middle of a few hundred records, for each kind of sink; of 10,000 by `node test/outage/main.ts`.
import { expect, test } from 'vitest';
import { rsyslogd } from '../fake/sink/rsyslog.ts';
import { proves } from '../requirement.ts';
import { outage, type SinkKind } from './outage.ts';

const timeout = 240_000;

async function losesNothing(kind: SinkKind): Promise<void> {
  const { records, missing, strangers } = await outage(kind, 300);
  expect({ missing, strangers }).toEqual({ missing: 0, strangers: 0 });
  expect(records).toBeGreaterThanOrEqual(300);
}

test('a receiver and the gateway server are killed in the middle, and every record arrives', { timeout }, async () => {
  proves('sink.outage', {
    file: 'gateway/sink/pump.ts',
    find: 'cursors = found && (cursors ?? found);',
    replace: "cursors = found && (cursors ?? new Map([['main', Number.MAX_SAFE_INTEGER]]));",
  });
  await losesNothing('otlp');
});

test.each(['webhook', 'splunk'] as const)('the same for %s', { timeout }, losesNothing);

test('the same for syslog, at rsyslog', { timeout }, async ({ skip }) => {
  if (rsyslogd === undefined) return skip('there is no rsyslogd');
  await losesNothing('syslog');
});
