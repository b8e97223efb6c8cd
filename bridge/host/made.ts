// What was changed in the hosts' configs and still stands: from the bytes that restoring would bring back to those that are there. Reads only.
import type { HostSpec } from '#contract/host.ts';
import type { Sealer } from '#contract/secret.ts';
import { readConfig, shown } from './file.ts';
import { readLedger } from './ledger.ts';
import { differences, targetOf } from './restore.ts';

export interface MadeRequest {
  readonly home: string;
  readonly stateDir: string;
  readonly spec: HostSpec;
  readonly sealer: Sealer;
}

/** One for each file of the host that differs, secrets as [secret]. Rejects with SECRET_UNREADABLE where the original can't be opened. */
export async function changesMade(request: MadeRequest): Promise<readonly { readonly shownAs: string; readonly diff: string }[]> {
  const { home, stateDir, spec } = request;
  const ledger = await readLedger(stateDir);
  const changes: { shownAs: string; diff: string }[] = [];
  for (const record of ledger.files.filter(({ host }) => host === spec.id)) {
    const file = await readConfig(record.path, record.folder ?? home);
    if (!('text' in file)) continue;
    const original = await targetOf(request, spec, record, file);
    const shownAs = shown(record.path, home);
    const diff = differences(spec, shownAs, original.text, file.text);
    if (diff !== '') changes.push({ shownAs, diff });
  }
  return changes;
}
