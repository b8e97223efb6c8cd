// What Drawbridge promises about the config files of AI hosts: how they are changed, and how they are given back.
import type { Requirement } from '../requirement.ts';

const change = 'docs/host-configs.md, What Drawbridge changes';
const form = 'docs/host-configs.md, Which form an entry gets';
const safety = 'docs/host-configs.md, How it is kept safe';
const undo = 'docs/host-configs.md, Undo it';
const preview = 'docs/host-configs.md, See it first';
const drift = 'docs/host-configs.md, Drift';
const project = "docs/host-configs.md, Files in projects' folders";
const servers = 'docs/host-configs.md, What becomes of the local servers';

export const hostConfig: readonly Requirement[] = [
  {
    id: 'host-config.minimal-edit',
    promise:
      'Replacing an entry leaves every byte outside it as it was: comments, order, indentation, byte order mark, line ends.',
    source: change,
  },
  {
    id: 'host-config.remove-entry',
    promise: 'Taking an entry out loses nothing else, and leaves no stray comma and no empty line.',
    source: change,
  },
  {
    id: 'host-config.duplicate-key',
    promise: 'A config in which a key stands twice on the way to an entry, or in it, is not edited.',
    source: change,
  },
  {
    id: 'host-config.tied-entry',
    promise: 'An entry of a YAML config whose change would change another place, by an anchor or an alias, is not edited.',
    source: change,
  },
  {
    id: 'host-config.brought-in',
    promise: 'A YAML config that may bring in servers or their fields by a merge key is reported, never taken for one without.',
    source: change,
  },
  {
    id: 'host-config.unparseable',
    promise: 'A config that is not what its host would read is reported as unparseable, and its bytes are left alone.',
    source: change,
  },
  {
    id: 'host-config.others-go-on',
    promise:
      'A config that nobody can understand or read, for whatever reason, is reported and keeps no other from being converged.',
    source: safety,
  },
  {
    id: 'host-config.inside-home',
    promise: 'A config that lies outside the home, also by a symlink, is neither read nor written.',
    source: change,
  },
  { id: 'host-config.foreign-owner', promise: 'A config of another user is neither read nor written.', source: change },
  {
    id: 'host-config.only-shims',
    promise:
      'After converge no program and no direct URL of the user is left in a config, and other settings and comments stand.',
    source: change,
  },
  {
    id: 'host-config.url-form',
    promise: 'A host that can sign in by itself gets URLs of the gateway and nothing else: no program, no header, no token.',
    source: form,
  },
  {
    id: 'host-config.layout-change',
    promise:
      'From each form of the entries to each other one converge leads, to the same text as from the original, and restore to the original.',
    source: form,
  },
  {
    id: 'host-config.shim-hosts',
    promise: 'Hosts that IT names, and all hosts of a gateway without sign-in, start the shim.',
    source: form,
  },
  {
    id: 'host-config.as-it-is',
    promise: 'While nobody knows whether hosts can sign in, entries of ours stay as they are.',
    source: form,
  },
  {
    id: 'host-config.exact-address',
    promise: 'Only the exact address of the gateway counts as the gateway; whatever looks like it is taken out and told.',
    source: form,
  },
  {
    id: 'host-config.nothing-beside',
    promise: 'A URL of the gateway does not hide a program or another URL that stands in the same entry.',
    source: form,
  },
  {
    id: 'host-config.url-tamper',
    promise: 'A URL entry of ours that leads elsewhere, or got a header or another way to sign in, is set right and told.',
    source: form,
  },
  {
    id: 'host-config.needs-input',
    promise: 'An entry that needs a value which only its host can fill in is reported and not moved.',
    source: change,
  },
  { id: 'host-config.idempotent', promise: 'A second converge writes nothing.', source: safety },
  {
    id: 'host-config.tamper',
    promise: 'An entry of ours that was changed is set right and reported; nothing of the change is taken over.',
    source: change,
  },
  {
    id: 'host-config.tamper-known',
    promise: 'An entry of ours does not count as changed while it is not known what it should say.',
    source: change,
  },
  {
    id: 'host-config.byte-exact-restore',
    promise: 'Restore gives every config back byte for byte, with its mode, where it is still what we wrote.',
    source: undo,
  },
  {
    id: 'host-config.merge-restore',
    promise: 'Where others changed a config since, restore puts our entries back and keeps what the others changed.',
    source: undo,
  },
  {
    id: 'host-config.unknown-host',
    promise:
      'What the config of a host needs that this version does not know is kept, and restore says that it was not given back.',
    source: undo,
  },
  {
    id: 'host-config.grown-restore',
    promise: 'A config that grew larger than what is converged is restored all the same.',
    source: undo,
  },
  {
    id: 'host-config.keyless-restore',
    promise: 'A config without secrets can be restored without the key that seals secrets.',
    source: safety,
  },
  {
    id: 'host-config.compare-and-swap',
    promise: 'A config that somebody else wrote meanwhile is planned anew and not written over.',
    source: safety,
  },
  {
    id: 'host-config.damped',
    promise: 'A host that undoes our change again and again is reported and not fought.',
    source: safety,
  },
  {
    id: 'host-config.not-written',
    promise:
      'A config that the system did not let us write is reported as that, not as one that its host undoes, and tried again.',
    source: safety,
  },
  {
    id: 'host-config.half-done',
    promise: 'A converge or restore by hand that could not handle every config ends with 1 and says which and why.',
    source: safety,
  },
  {
    id: 'host-config.writable-again',
    promise: 'A config that could not be written is set right as soon as it may be.',
    source: drift,
  },
  {
    id: 'host-config.asked-again',
    promise: 'A file that was given up is taken up again when a person runs "drawbridge hosts converge".',
    source: drift,
  },
  {
    id: 'host-config.fast-repair',
    promise: 'An edit that adds a direct server is undone within 1 s (99 of 100 edits), whatever the format of the file.',
    source: drift,
  },
  {
    id: 'host-config.no-wait',
    promise: 'A changed config is set right without waiting for local servers that are being resolved or installed.',
    source: drift,
  },
  {
    id: 'host-config.appears-meanwhile',
    promise:
      'A config that appears or is changed in the midst of a convergence is set right by the next one, which follows at once.',
    source: drift,
  },
  {
    id: 'host-config.folder-exchanged',
    promise: 'A config is watched on, whatever becomes of its folder: removed and made again, or a link that leads elsewhere.',
    source: drift,
  },
  {
    id: 'host-config.no-watch',
    promise: 'Where the system gives no more watches, configs are compared every half second.',
    source: drift,
  },
  {
    id: 'host-config.own-write',
    promise: 'What Drawbridge wrote itself is never taken for a change, because contents are compared.',
    source: drift,
  },
  {
    id: 'host-config.project-file',
    promise:
      "A file in a project's folder that names a server past the gateway is a finding, and it is changed only where the profile says so.",
    source: project,
  },
  {
    id: 'host-config.read-as-meant',
    promise: 'Nothing is written into a config that its host would read otherwise than it is meant: that is a finding.',
    source: change,
  },
  {
    id: 'host-config.restore-others',
    promise: 'A file that can not be written keeps no other one from being given back.',
    source: undo,
  },
  {
    id: 'host-config.made-anew',
    promise: 'A config that was gone when it was to be given back, and that is made anew, gets nothing of the former one.',
    source: undo,
  },
  {
    id: 'host-config.needs-restart',
    promise: 'A host that runs since before its file was changed is shown as needing a restart, until that process is gone.',
    source: drift,
  },
  {
    id: 'host-config.observe',
    promise: 'A plan writes nothing, neither into a config nor into our own state.',
    source: preview,
  },
  { id: 'host-config.masked-diff', promise: 'Diffs and findings show no secret.', source: preview },
  {
    id: 'host-config.sealed-secrets',
    promise: 'Secrets of configs lie in the state directory only encrypted: of maps, arguments, URLs and comments.',
    source: safety,
  },
  {
    id: 'host-config.secret-argument',
    promise: 'The argument after a flag such as --api-key counts as a secret.',
    source: safety,
  },
  {
    id: 'host-config.backup-verified',
    promise: 'A backup is read back and compared before the config is touched.',
    source: safety,
  },
  {
    id: 'host-config.crash-safe',
    promise: 'A process killed between any two steps of converge or restore loses nothing; doing it again ends the same.',
    source: safety,
  },
  {
    id: 'host-config.one-at-a-time',
    promise: 'One converge or restore runs at a time per state directory; a killed one does not block the next.',
    source: safety,
  },
  {
    id: 'host-config.local-servers',
    promise: 'A local server that several hosts name alike is offered once; different lines under one name are offered both.',
    source: servers,
  },
  {
    id: 'host-config.slug',
    promise: 'Every entry name gets a unique slug that does not depend on the order of names.',
    source: servers,
  },
  {
    id: 'host-config.every-place',
    promise: 'Every profile of VS Code and every Store package of Claude Desktop that is there is handled.',
    source: servers,
  },
];
