// The key of TLS session tickets: the same after a restart, for a week, and nobody else's.
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openServer } from '../../../gateway/http/server.ts';
import { openTicketKey, renewTicketKey, ticketSeconds } from '../../../gateway/http/ticket-key.ts';
import { until } from '../../bridge/server/fixture.ts';
import { makeCertificate } from '../../certificate.ts';
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

test('another one takes its place while the gateway server runs, and who has an older ticket gets in all the same', async () => {
  proves('tunnel.ticket-key-renewed', {
    file: 'gateway/http/ticket-key.ts',
    find: 'deps.server.useTicketKey(key);',
    replace: '',
  });
  const { made, file } = await folder();
  const paths = await makeCertificate(made, 'IP:127.0.0.1');
  const [cert, key] = [await readFile(paths.cert), await readFile(paths.key)];
  const logger = pino({ level: 'silent' });
  const ticketKey = await openTicketKey(made, Date.now());
  const certificate = { cert, key, ticketKeys: ticketKey, sessionTimeout: ticketSeconds };
  const server = await openServer({ listen: { host: '127.0.0.1', port: 0 }, setting: '--listen', certificate, logger });
  onTestFinished(() => server.close(0));
  const used: Buffer[] = [];
  const noting = {
    useTicketKey(one: Buffer) {
      server.useTicketKey(one);
      used.push(one);
    },
  };
  const renewal = renewTicketKey({ dataDirectory: made, key: ticketKey, server: noting, now: Date.now, logger, everyMs: 10 });
  onTestFinished(() => renewal.close());

  /** Resolves with whether its session was taken up, and the session for the next one: who is known is given no other. */
  async function come(session?: Buffer) {
    const socket = connect({ host: '127.0.0.1', port: server.address.port, ca: cert, ...(session && { session }) });
    // Tickets come after the handshake, and are read as data is.
    socket.resume();
    onTestFinished(() => void socket.destroy());
    const given = once(socket, 'session');
    await once(socket, 'secureConnect');
    const isResumed = socket.isSessionReused();
    const next: Buffer | undefined = isResumed ? session : (await given)[0];
    socket.destroy();
    return { isResumed, next };
  }
  const first = await come();
  const second = await come(first.next);
  expect([first.isResumed, second.isResumed, used.length]).toEqual([false, true, 0]);
  await utimes(file, new Date(), new Date(Date.now() - ticketSeconds * 1000));
  await until(() => used.length > 0);
  const third = await come(second.next);
  const fourth = await come(third.next);
  expect([third.isResumed, fourth.isResumed, used.length]).toEqual([false, true, 1]);
  expect(await readFile(file)).toEqual(used[0]);
});
