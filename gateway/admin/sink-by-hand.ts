// What sends to a sink by hand works on: who does it, the sink of that name, and its far end.
// The rule: it is the same far end that the records go to, with the same secrets.
import { createReceiver, type ReceiverDeps } from '../sink/open.ts';
import type { KeyEncryption } from '../vault/seal.ts';
import { openSinkSecrets } from '../vault/sink-secret.ts';
import type { Acting } from './context.ts';
import { sinkNamed } from './sink.ts';

export interface ByHand extends ReceiverDeps, Acting {
  readonly keys: KeyEncryption;
  readonly slug: string;
  readonly signal: AbortSignal;
}

/** Rejects with NAME_UNKNOWN, SINK_SECRET_MISSING and what the vault rejects with. The receiver is the caller's to close. */
export async function openByHand(of: ByHand) {
  const sink = await sinkNamed(of.store, of.slug);
  const receiver = createReceiver(sink, await openSinkSecrets(sink, await of.store.sink.secrets(), of.keys), of);
  return { sink, receiver };
}
