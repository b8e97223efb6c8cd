// What packaging promises: what is shipped, and what installing, upgrading and removing it does to a machine.
import type { Requirement } from '../requirement.ts';

export const packaging: readonly Requirement[] = [
  {
    id: 'package.test-electron-known',
    promise: 'The Electron of the tests is run only where its bytes are the ones that were looked at.',
    source: 'CONTRIBUTING.md, "Set-up"',
  },
  {
    id: 'package.config-valid',
    promise: "electron-builder's configuration is valid by electron-builder's own schema, for every platform.",
    source: 'docs/verified.md, "The packages"',
  },
  {
    id: 'package.fuses-closed',
    promise: 'The app that ships can not be made to run anything but its own archive: not by a variable, not by a flag.',
    source: 'SECURITY.md, "The desktop"',
  },
  {
    id: 'package.leave-restores',
    promise: 'Leaving ends the agent and gives every AI host its config back byte for byte.',
    source: 'docs/install.md, "Uninstalling"',
  },
  {
    id: 'package.leave-forgets',
    promise: 'Leaving for good removes keys, enrollment and state.',
    source: 'docs/install.md, "Uninstalling"',
  },
  {
    id: 'package.leave-keeps-needed',
    promise: 'Nothing is forgotten while a config of an AI host still needs it.',
    source: 'docs/install.md, "Uninstalling"',
  },
  {
    id: 'package.runtime-alone',
    promise: 'The installed bridge runs with its own Node and its own files only, by paths that name no version.',
    source: 'docs/install.md, "What is installed"',
  },
  {
    id: 'package.silent-install',
    promise: 'The Debian package installs without a question, and its first agent enrolls by the token that IT put there.',
    source: 'docs/install.md, "Installing without a question"',
  },
  {
    id: 'package.upgrade-keeps',
    promise: 'An upgrade keeps enrollment and configs, starts anew what ran, and changes no path that a host names.',
    source: 'docs/install.md, "Upgrading"',
  },
  {
    id: 'package.removal-refused',
    promise: 'The package is not removed while an AI host would be left with a program that is gone.',
    source: 'docs/install.md, "Uninstalling"',
  },
  {
    id: 'package.purge-clean',
    promise: 'A purge gives every config back byte for byte and leaves no file, process or autostart behind.',
    source: 'docs/install.md, "Uninstalling"',
  },
  {
    id: 'package.app-closed',
    promise: 'The packaged app holds our bundles and the two native packages that they need, and no other package.',
    source: 'docs/install.md, "What is installed"',
  },
  {
    id: 'package.marked-for-tests',
    promise: 'A package with the Electron of the tests says in its name, and inside, that it is never to be shipped.',
    source: 'docs/install.md, "Packages for tests"',
  },
  {
    id: 'package.app-starts',
    promise: 'The packaged app opens its window from its archive.',
    source: 'docs/install.md, "What is installed"',
  },
  {
    id: 'package.rpm-life',
    promise: 'The rpm installs, upgrades and is removed as the Debian package is; what it can not do is purge.',
    source: 'docs/install.md, "Uninstalling"',
  },
  {
    id: 'package.launcher-lasts',
    promise: 'What AI hosts start is still there when the AppImage that wrote it has ended.',
    source: 'docs/install.md, "What is installed"',
  },
  {
    id: 'package.no-root-by-restart',
    promise: 'An upgrade starts anew what ran as the user who started it, and nothing that a user prepared as root.',
    source: 'docs/install.md, "Upgrading"',
  },
  {
    id: 'package.domain-accounts',
    promise: 'A removal gives configs back also to accounts of a directory service, which no list of accounts names.',
    source: 'docs/install.md, "Uninstalling"',
  },
  {
    id: 'package.purge-keyring',
    promise: 'A purge after a removal empties the keyring of who is logged in, although the program that wrote there is gone.',
    source: 'docs/install.md, "Uninstalling"',
  },
  {
    id: 'package.profile-outlives-upgrade',
    promise: "No upgrade on Windows takes IT's profile away.",
    source: 'docs/profile.md',
  },
];
