// What the ledger remembers of a host that undid our changes again and again: forgotten where a person asks for the change, so that it is tried anew.
import { readLedger, writeLedger } from './ledger.ts';
import { lockHosts } from './lock.ts';

export async function forgetReverts(stateDir: string, host: string, signal?: AbortSignal): Promise<void> {
  const lock = await lockHosts(stateDir, signal);
  try {
    const ledger = await readLedger(stateDir);
    if (!ledger.files.some((file) => file.host === host && file.undone.length > 0)) return;
    const files = ledger.files.map((file) => (file.host === host ? { ...file, undone: [] } : file));
    await writeLedger(stateDir, { ...ledger, files });
  } finally {
    lock.release();
  }
}
