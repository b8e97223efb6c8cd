// Requests of which nothing is ever switched off or revoked, for tests that look at other things.
import { Fault } from '#contract/error.ts';
import { createCut } from '../../../gateway/pipeline/cut.ts';

export const uncut = createCut({
  inForce: {
    current() {
      throw new Fault('POLICY_MISSING');
    },
    onChange: () => () => undefined,
    close: () => undefined,
  },
  stands: () => Promise.resolve(),
});
