// An outage in the middle of a few hundred records, for each kind of sink; of 10,000 by `node test/outage/main.ts`.
import { expect, test } from 'vitest';
import { rsyslogd } from '../fake/sink/rsyslog.ts';
import { proves } from '../requirement.ts';
import { outage, receivedKinds } from './outage.ts';

test.each(receivedKinds)(
  '%s: a receiver and the gateway server are killed in the middle, and every record arrives',
  { timeout: 240_000 },
  async (kind) => {
    proves('sink.outage', {
      file: 'gateway/sink/pump.ts',
      find: 'cursors = found && (cursors ?? found);',
      replace: "cursors = found && (cursors ?? new Map([['main', Number.MAX_SAFE_INTEGER]]));",
    });
    if (kind === 'syslog' && rsyslogd === undefined) throw new Error('there is no rsyslogd');
    const { records, missing, strangers } = await outage(kind, 300);
    expect({ missing, strangers }).toEqual({ missing: 0, strangers: 0 });
    expect(records).toBeGreaterThanOrEqual(300);
  },
);
