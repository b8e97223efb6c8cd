// What packaging promises: what is shipped, and what installing, upgrading and removing it does to a machine.
import type { Requirement } from '../requirement.ts';

export const packaging: readonly Requirement[] = [
  {
    id: 'package.test-electron-known',
    promise: 'The Electron of the tests is run only where its bytes are the ones that were looked at.',
    source: 'CONTRIBUTING.md, "Set-up"',
  },
];
