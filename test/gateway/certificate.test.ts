// The certificate that the gateway server shows, where another one takes its place while it runs.
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { randomBytes, X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { followCertificate, readCertificate } from '../../gateway/certificate.ts';
import { openServer } from '../../gateway/http/server.ts';
import { makeCertificate } from '../certificate.ts';
import { proves } from '../requirement.ts';

async function stage() {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-certificate-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await Promise.all(['first', 'second'].map((name) => mkdir(join(dir, name))));
  const [first, second] = [
    await makeCertificate(join(dir, 'first'), 'IP:127.0.0.1'),
    await makeCertificate(join(dir, 'second'), 'IP:127.0.0.1'),
  ];
  const files = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
  await copyFile(first.cert, files.cert);
  await copyFile(first.key, files.key);
  const said: { readonly level: number }[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => said.push(JSON.parse(line)) });
  const certificate = await readCertificate(files);
  if (!certificate) throw new Error('there is one');
  const withTickets = { ...certificate, ticketKeys: randomBytes(48), sessionTimeout: 60 };
  const server = await openServer({
    listen: { host: '127.0.0.1', port: 0 },
    setting: '--listen',
    certificate: withTickets,
    logger,
  });
  onTestFinished(() => server.close(0));
  const following = followCertificate({ files, certificate, server, logger, everyMs: 10 });
  onTestFinished(() => following.close());
  const trusted = [await readFile(first.cert), await readFile(second.cert)];

  /** Which one is shown, and the session for who comes again; `null` where it was taken up. */
  async function come(session?: Buffer) {
    const socket = connect({ host: '127.0.0.1', port: server.address.port, ca: trusted, ...(session && { session }) });
    // Tickets come after the handshake, and are read as data is.
    socket.resume();
    onTestFinished(() => void socket.destroy());
    const given = once(socket, 'session');
    await once(socket, 'secureConnect');
    const isResumed = socket.isSessionReused();
    const shown = socket.getPeerX509Certificate()?.fingerprint256;
    const next: Buffer | null = isResumed ? null : (await given)[0];
    socket.destroy();
    return { shown, next };
  }
  const fingerprint = async (of: { readonly cert: string }) => new X509Certificate(await readFile(of.cert)).fingerprint256;
  return { files, first, second, said, come, fingerprint, errors: () => said.filter(({ level }) => level >= 50) };
}

test('another certificate is shown once its files were replaced, and who was there before is known still', async () => {
  proves('tunnel.certificate-replaced', {
    file: 'gateway/certificate.ts',
    find: 'server.useCertificate(found);',
    replace: '',
  });
  const { files, first, second, come, fingerprint } = await stage();
  const before = await come();
  expect(before.shown).toBe(await fingerprint(first));
  await copyFile(second.cert, files.cert);
  await copyFile(second.key, files.key);
  await expect.poll(async () => (await come()).shown).toBe(await fingerprint(second));
  expect((await come(before.next ?? undefined)).next).toBeNull();
});

test('what can not be used leaves the certificate from before in its place, and is said once', async () => {
  const { files, first, second, come, fingerprint, errors } = await stage();
  // Half replaced: the key is still the other one's.
  await copyFile(second.cert, files.cert);
  await expect.poll(errors).toHaveLength(1);
  expect((await come()).shown).toBe(await fingerprint(first));
  await copyFile(second.key, files.key);
  await expect.poll(async () => (await come()).shown).toBe(await fingerprint(second));
  await writeFile(files.key, 'nothing');
  await expect.poll(errors).toHaveLength(2);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(errors()).toHaveLength(2);
  expect((await come()).shown).toBe(await fingerprint(second));
});
