// The key of TLS session tickets: the same after a restart, for a week, and nobody else's.
import { chmod, mkdtemp, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openTicketKey, ticketSeconds } from '../../../gateway/http/ticket-key.ts';
import { proves } from '../../requirement.ts';

async function folder() {
  const made = await mkdtemp(join(tmpdir(), 'drawbridge-ticket-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return { made, file: join(made, 'key', 'tls-ticket.key') };
}

test('it is made once, is the same after a restart, and only its owner may read it', async () => {
  proves('tunnel.ticket-key-kept', {
    file: 'gateway/http/ticket-key.ts',
    find: 'return (await read(file, now)) ?? (await make(file));',
    replace: 'return await make(file);',
  });
  const { made, file } = await folder();
  const key = await openTicketKey(made, Date.now());
  expect(key.length).toBe(48);
  expect(await openTicketKey(made, Date.now())).toEqual(key);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('another one takes its place after a week, and where others could have read it', async () => {
  const { made, file } = await folder();
  const first = await openTicketKey(made, Date.now());
  await utimes(file, new Date(), new Date(Date.now() - ticketSeconds * 1000));
  const second = await openTicketKey(made, Date.now());
  expect(second).not.toEqual(first);
  await chmod(file, 0o644);
  const third = await openTicketKey(made, Date.now());
  expect(third).not.toEqual(second);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});
