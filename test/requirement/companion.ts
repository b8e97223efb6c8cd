// What the tray program promises so far: it shows the agent's state, and believes nobody else.
import type { Requirement } from '../requirement.ts';

export const companion: readonly Requirement[] = [
  {
    id: 'companion.believes-own-agent',
    promise: 'The tray program asks for the state only where no other user could answer in the place of the agent.',
    source: 'ARCHITECTURE.md, "The programs"',
  },
  {
    id: 'companion.bundle-closed',
    promise: 'The desktop bundles need nothing but Electron and the native keyring, and hold nothing of the gateway server.',
    source: 'ARCHITECTURE.md, "The programs"',
  },
  {
    id: 'companion.bundle-older-node',
    promise:
      'The bundled agent needs nothing that the Node inside the Electron of the tests lacks, but for what it brings along.',
    source: 'bridge/older-node.ts',
  },
  {
    id: 'companion.page-policy',
    promise: "The companion's page loads scripts of its own files only, and nothing from any network.",
    source: 'SECURITY.md, "The desktop"',
  },
];
