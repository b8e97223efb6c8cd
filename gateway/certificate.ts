// The certificate that the gateway server shows: read at its start, and again where its files were replaced. The rule: files that can't be used say so at the start, with
// the flag that names them; later the one in use stays, and the log says why.
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { Certificate, HttpServer } from './http/server.ts';
import type { ServeSettings } from './settings.ts';

export async function readCertificate(files: ServeSettings['certificateFiles']): Promise<Certificate | undefined> {
  if (!files) return undefined;
  const certificate = { cert: await readPem(files.cert, '--tls-cert'), key: await readPem(files.key, '--tls-key') };
  const { createSecureContext } = await import('node:tls');
  try {
    createSecureContext(certificate);
    return certificate;
  } catch (cause) {
    const reason = `not a PEM certificate chain with its private key (${files.key})`;
    throw new Fault('FILE_UNUSABLE', { file: files.cert, reason }, { cause });
  }
}

/** Looks once a minute whether another certificate lies there, as whoever renews one leaves it. Connections that stand keep the one that they began with. */
export function followCertificate(deps: {
  readonly files: NonNullable<ServeSettings['certificateFiles']>;
  /** The one in use. */
  readonly certificate: Certificate;
  readonly server: Pick<HttpServer, 'useCertificate'>;
  readonly logger: Logger;
  readonly everyMs?: number;
}): { close(): void } {
  const { files, server, logger, everyMs = 60_000 } = deps;
  let inUse = deps.certificate;
  /** Said of once. */
  let failed: string | undefined;

  async function look(): Promise<void> {
    try {
      const found = await readCertificate(files);
      failed = undefined;
      if (!found || (found.cert.equals(inUse.cert) && found.key.equals(inUse.key))) return;
      server.useCertificate(found);
      inUse = found;
      logger.info({ file: files.cert }, 'the certificate was replaced');
    } catch (err) {
      const reason = err instanceof Error ? err.message : String(err);
      // One that is only half replaced is whole at the next look.
      if (reason !== failed)
        logger.error({ err }, 'another certificate lies there and can not be used, so the one from before stays');
      failed = reason;
    }
  }
  const timer = setInterval(() => void look(), everyMs).unref();
  return { close: () => clearInterval(timer) };
}

async function readPem(file: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason = code === 'ENOENT' ? 'there is no such file' : 'this user may not read it';
    throw new Fault('FILE_UNUSABLE', { file, reason: `${reason}. Check ${setting}.` }, { cause });
  }
}
