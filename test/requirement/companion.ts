// What the tray program promises: it shows the agent's state, starts and ends what is its own, lets its page do nothing else, and believes nobody else.
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
  {
    id: 'companion.agent-apart',
    promise: "The tray program never loads the agent's code into its own process.",
    source: 'ARCHITECTURE.md, "How things start"',
  },
  {
    id: 'companion.state-in-words',
    promise: 'Window, menu and icon say the same state of the agent, in words and by a shape.',
    source: 'docs/companion.md, "What it says"',
  },
  {
    id: 'companion.pause-by-profile',
    promise: 'Pausing and quitting are offered and possible only where the profile allows them.',
    source: 'docs/companion.md, "Pause and quit"',
  },
  {
    id: 'companion.refused-told-once',
    promise: 'Refused calls are told together, and the same ones not again for a while.',
    source: 'docs/companion.md, "Notifications"',
  },
];
