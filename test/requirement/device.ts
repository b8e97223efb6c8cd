// What the product promises about the device's key, its enrollment, and where its secrets are kept.
import type { Requirement } from '../requirement.ts';

const section = 'ARCHITECTURE.md, The tunnel';
const secrets = 'SECURITY.md';

export const device: readonly Requirement[] = [
  {
    id: 'device.token-once',
    promise: 'An enrollment token enrolls one device, also where two use it at the same moment.',
    source: section,
  },
  {
    id: 'device.enroll-signed',
    promise: 'Enrolling needs the new key over this token, this gateway and this OS user.',
    source: section,
  },
  {
    id: 'device.enrolled-on-record',
    promise: 'A workstation whose enrollment is not on record can not connect.',
    source: section,
  },
  {
    id: 'device.refusals-bounded',
    promise: 'A flood of refused handshakes or enrollments can not fill the audit; what is left out is counted there.',
    source: section,
  },
  {
    id: 'device.token-over-https',
    promise: 'An enrollment token leaves the device over https only, or on loopback.',
    source: secrets,
  },
  {
    id: 'device.key-in-store',
    promise: "The device's private key is in its secret store and in no other file.",
    source: secrets,
  },
  { id: 'device.os-store', promise: "Secrets are kept in the OS's secret store where there is one.", source: secrets },
  { id: 'device.file-store', promise: 'Without one they are in a 0600 file, and the reason is said in words.', source: secrets },
  {
    id: 'device.locked-is-not-missing',
    promise: "A secret in a store that can't be used now is not taken for missing and made anew.",
    source: secrets,
  },
  {
    id: 'device.keyring-deadline',
    promise: 'A locked secret store holds nothing up for longer than its deadline.',
    source: secrets,
  },
  { id: 'device.sealed', promise: 'What was sealed on a device is opened there unchanged, and nowhere else.', source: secrets },
  {
    id: 'device.token-file-told',
    promise: 'A token file that waits and is not taken is a finding that says why.',
    source: 'docs/install.md, "Installing without a question"',
  },
];
