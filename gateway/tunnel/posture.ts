// Keeps what workstations tell of their posture, so that administrators see how far the rollout is. It is a device's own word: nothing is decided by it.
// Rule: a workstation speaks for itself only, the newest counts, and those of one tick are stored together: each alone costs a flush of the disk.
import type { WorkstationId } from '#contract/id.ts';
import type { PostureSummary } from '#contract/posture-summary.ts';
import type { Store, ToldPosture } from '../store/store.ts';
import type { Link } from './link.ts';

export interface PostureDesk {
  told(link: Link, posture: PostureSummary): void;
  /** Stores what was told since the last time; undefined where nothing was. */
  store(): Promise<void> | undefined;
}

export function createPostureDesk(deps: {
  readonly store: Pick<Store, 'tellPostures'>;
  readonly now: () => number;
}): PostureDesk {
  let waiting = new Map<WorkstationId, ToldPosture>();
  return {
    told(link, posture) {
      const { workstation } = link.presence;
      waiting.set(workstation, { workstation, posture, at: deps.now() });
    },
    store() {
      if (waiting.size === 0) return undefined;
      const told = [...waiting.values()];
      waiting = new Map();
      return deps.store.tellPostures(told);
    },
  };
}
