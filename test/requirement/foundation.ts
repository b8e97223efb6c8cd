// What the repository itself promises: how it sets itself up, and that its shape is guarded by checks that see what they guard.
import type { Requirement } from '../requirement.ts';

export const foundation: readonly Requirement[] = [
  {
    id: 'foundation.set-up-quick',
    promise: 'When nothing is missing, set-up says nothing and takes under a second.',
    source: 'CONTRIBUTING.md, "Set-up"',
  },
  {
    id: 'foundation.set-up-complete',
    promise:
      'Set-up installs anew when a package of the lockfile is missing or has another version, and otherwise leaves node_modules alone.',
    source: 'CONTRIBUTING.md, "Set-up"',
  },
  {
    id: 'foundation.never-stale',
    promise: 'The gateway server in one piece is not run once one of the files has changed that it was made of.',
    source: 'CONTRIBUTING.md, "Set-up"',
  },
  {
    id: 'foundation.lockfile-whole',
    promise:
      'The lockfile names every package that one of its packages may ask for, on any platform, with its hash where it is installed.',
    source: 'CONTRIBUTING.md, "Set-up"',
  },
  {
    id: 'foundation.set-up-advice',
    promise: 'A set-up step that fails says what happened and what to do, and the exit code is not 0.',
    source: 'CONTRIBUTING.md, "Set-up"',
  },
  {
    id: 'foundation.system-package-aloud',
    promise: 'A missing operating-system package is named with the exact command that installs it, and does not stop set-up.',
    source: 'CONTRIBUTING.md, "Set-up"',
  },
  {
    id: 'foundation.hosts-without-scripts',
    promise: 'Set-up brings the AI hosts that tests drive once, at exact versions, and runs none of their scripts.',
    source: 'CONTRIBUTING.md, Set-up',
  },
  {
    id: 'foundation.count-line',
    promise:
      'A test run ends with the line "N passed, N failed, N skipped", in which whatever broke outside a test is a failure too.',
    source: 'CONTRIBUTING.md, "Test"',
  },
  {
    id: 'foundation.skip-fails-ci',
    promise: 'On the build server a skipped test is a failure.',
    source: 'CONTRIBUTING.md, "Test"',
  },
  {
    id: 'foundation.import-star',
    promise: 'Programs meet in the contract only, and each folder imports only what its row of the import table allows.',
    source: 'ARCHITECTURE.md, "Who may import whom"',
  },
  {
    id: 'foundation.guard-sees',
    promise: 'The import guard saw modules of every program, or fails.',
    source: 'ARCHITECTURE.md, "Who may import whom"',
  },
  {
    id: 'foundation.guard-refuses',
    promise:
      'A forbidden import that is planted is refused by the import guard, by oxlint and, across programs, by the compiler.',
    source: 'ARCHITECTURE.md, "Who may import whom"',
  },
  {
    id: 'foundation.document-true',
    promise: 'The import table in ARCHITECTURE.md is the one that is enforced.',
    source: 'ARCHITECTURE.md, "Who may import whom"',
  },
  {
    id: 'foundation.short-files',
    promise:
      'No file has more than 400 lines, a default export, a read of the environment outside a root, or a name that says nothing.',
    source: 'CONTRIBUTING.md, "Style"',
  },
  {
    id: 'foundation.promise-proven',
    promise:
      'Every promise has a proof, every proof a promise, and every mutation stands exactly once in the code that it breaks.',
    source: 'CONTRIBUTING.md, "Promises and proofs"',
  },
];
