// The key of TLS session tickets: 48 random bytes under <data>/key, so that a bridge comes back after a restart without a whole handshake.
// Rule: it lives for a week, as its tickets do, also while the gateway server runs on. Whoever had it could read what TLS 1.2 connections resumed by it said, so it is kept like the other keys.
import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { writeKeyFile } from '../key-file.ts';
import type { HttpServer } from './server.ts';

const keyBytes = 48;
/** Seconds; TLS 1.3 allows no more (RFC 8446 section 4.6.1). */
export const ticketSeconds = 7 * 24 * 3600;

/** The key that is there, or a new one where there is none, it is too old, or others could read it. */
export async function openTicketKey(dataDirectory: string, now: number): Promise<Buffer> {
  const file = join(dataDirectory, 'key', 'tls-ticket.key');
  return (await read(file, now)) ?? (await make(file));
}

/** Looks once an hour whether it is time for another key, and has the server use it. Tickets of the one before are not read any more: who has one shakes hands wholly, once. */
export function renewTicketKey(deps: {
  readonly dataDirectory: string;
  /** The key in use. */
  readonly key: Buffer;
  readonly server: Pick<HttpServer, 'useTicketKey'>;
  readonly now: () => number;
  readonly logger: Logger;
  readonly everyMs?: number;
}): { close(): void } {
  let inUse = deps.key;
  let isLooking = false;
  const look = async (): Promise<void> => {
    // Two at once would each find the old one and make another.
    if (isLooking) return;
    isLooking = true;
    try {
      const key = await openTicketKey(deps.dataDirectory, deps.now());
      if (key.equals(inUse)) return;
      deps.server.useTicketKey(key);
      inUse = key;
      deps.logger.info('TLS tickets have another key');
    } catch (err) {
      deps.logger.error({ err }, 'the key of TLS tickets could not be renewed');
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), deps.everyMs ?? 3_600_000).unref();
  return { close: () => clearInterval(timer) };
}

async function read(file: string, now: number): Promise<Buffer | undefined> {
  try {
    const { mode, mtimeMs } = await stat(file);
    const key = await readFile(file);
    const isAlone = process.platform === 'win32' || (mode & 0o077) === 0;
    return isAlone && key.length === keyBytes && now - mtimeMs < ticketSeconds * 1000 ? key : undefined;
  } catch {
    // Without it every handshake is a whole one, and that is all.
    return undefined;
  }
}

async function make(file: string): Promise<Buffer> {
  const key = randomBytes(keyBytes);
  await writeKeyFile(file, key, 'over it');
  return key;
}
