// The certificate that the gateway server shows, read once at its start. The rule: files that can't be used say so then, with the flag that names them.
import { readFile } from 'node:fs/promises';
import { Fault } from '#contract/error.ts';
import type { Certificate } from './http/server.ts';
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

async function readPem(file: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const reason = code === 'ENOENT' ? 'there is no such file' : 'this user may not read it';
    throw new Fault('FILE_UNUSABLE', { file, reason: `${reason}. Check ${setting}.` }, { cause });
  }
}
