// What each operation gets: the parts it works on, and who asks for it and why. The rule: whatever changes something asks for the store by `doing`, so that the
// change and its deed are one.
import { z } from 'zod';
import type { ServerCheck } from '#contract/admin-server.ts';
import type { InputOf, Operations } from '#contract/admin-operation.ts';
import type { DeedRecord } from '#contract/audit.ts';
import { type IdentityId, newRecordId, type Slug } from '#contract/id.ts';
import type { SigningKey } from '../caller/signing-key.ts';
import type { ShowPreview } from '../pipeline/preview.ts';
import type { ReceiverDeps } from '../sink/open.ts';
import type { Upkeep } from '../audit/upkeep.ts';
import type { CompileDeps } from '../rule/compile.ts';
import type { Store, StoredIdentity } from '../store/store.ts';
import type { KeyEncryption } from '../vault/seal.ts';
import { deedActor, type Actor } from './actor.ts';

export interface Remote {
  /** Removes an identity with this store, and gives its tokens back where its server takes them. Undefined where there is none any more. */
  readonly removeIdentity: (store: Store, id: IdentityId) => Promise<'revoked' | 'kept' | 'token' | undefined>;
  /** What a server wants of who calls. Rejects with NAME_UNKNOWN, or with why it could not be asked. */
  readonly check: (server: string) => Promise<ServerCheck>;
  /** Makes with this store the path behind which somebody signs in for everybody. */
  readonly link: (
    store: Store,
    of: { server: Slug; gateway: StoredIdentity['gateway']; now: number; expiresAt: number },
  ) => Promise<string>;
}

/** What operations work on. */
export interface AdminDeps {
  /** To look; to change something: `doing`. */
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly now: () => number;
  /** What reports are signed with. */
  readonly signingKey: SigningKey;
  /** What sends to a sink by hand. */
  readonly sinkParts: ReceiverDeps;
  readonly trail: Pick<Upkeep, 'exports' | 'verifications' | 'checkpoint'>;
  /** What rules are compiled with that are tried. */
  readonly compile: CompileDeps;
  /** What is done at remote servers and their authorization servers. */
  readonly remote: Remote;
  /** What a user would see at a gateway, found out at its servers now. */
  readonly preview: ShowPreview;
}
/** Who does something, and why. */
export interface Acting {
  readonly store: Store;
  readonly actor: Actor;
  readonly reason: string | null;
}
export interface AdminContext extends AdminDeps, Acting {
  /** The ETags of which the thing has to have one, `*` for any; undefined where the asker said none. */
  readonly ifMatch: readonly string[] | '*' | undefined;
}
/** How each operation of a table is done. */
export type HandlersFor<T extends Operations> = {
  readonly [K in keyof T]: (context: AdminContext, input: InputOf<T[K]>) => Promise<z.input<T[K]['answer']>>;
};

export interface Doing {
  /** As the admin API calls it: `tokens.revoke`. */
  readonly operation: string;
  readonly target: string | null;
  /** How it is and how it will be; null where there is nothing. Without secrets. */
  readonly before: unknown;
  readonly after: unknown;
}

/** The store for this one deed. */
export function doing({ store, actor, reason }: Acting, at: number, of: Doing): Store {
  const { operation, target } = of;
  const deed = { version: 1, kind: 'deed', id: newRecordId(at), at, actor: deedActor(actor), operation, target, reason } as const;
  return store.recording({ ...deed, before: bounded(of.before), after: bounded(of.after) });
}

const longest = 64 * 1024;

/** What is too long for a record says so: its names are still told. */
function bounded(value: unknown): DeedRecord['before'] {
  const text = JSON.stringify(value ?? null);
  if (text.length <= longest || !(value instanceof Object)) return z.json().parse(JSON.parse(text));
  return { leftOut: `${text.length} characters`, names: Object.keys(value).slice(0, 200) };
}
