// What each message goes through on its way: the rules of its gateway, and where its policy says so the capture of it. The rule: what is captured is what passed the rules,
// so the one stands around the other.
import type { Logger } from 'pino';
import type { KeepingRecorder } from './audit/record.ts';
import type { Egress } from './egress/egress.ts';
import type { InForce } from './in-force.ts';
import { type Capture, createCapture } from './pipeline/capture.ts';
import { noting } from './pipeline/flow.ts';
import { createScreen, type Screen } from './pipeline/screen.ts';
import { createEngines } from './rule/engines.ts';
import type { Store } from './store/store.ts';
import { openEngineSecret } from './vault/engine-secret.ts';
import { createPayloadSeals } from './vault/payload-key.ts';
import type { KeyEncryption } from './vault/seal.ts';

export function createScreening(deps: {
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly inForce: InForce;
  readonly egress: Egress;
  readonly recorder: KeepingRecorder;
  readonly logger: Logger;
  /** Told of each notification that went to nobody. */
  readonly onDropped: () => void;
  readonly now: () => number;
}): { readonly screen: Screen; readonly capture: Capture } {
  const engines = createEngines({
    engineOf: (slug) => deps.inForce.current().engines.get(slug),
    egress: deps.egress,
    secretOf: (slug, engine) => openEngineSecret(deps, slug, engine),
  });
  return {
    screen: noting(createScreen({ ...deps, engines })),
    capture: createCapture({ ...deps, seals: createPayloadSeals(deps) }),
  };
}
