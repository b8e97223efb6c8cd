// What the posture file promises to those who read it.
import type { Requirement } from '../requirement.ts';

const source = 'docs/posture.md';

export const posture: readonly Requirement[] = [
  { id: 'posture.atomic', promise: 'A reader sees the old file or the new one whole, never a part.', source },
  {
    id: 'posture.trouble-said',
    promise: 'What keeps the file from being written is said in words, once, and so is that it is over.',
    source,
  },
  { id: 'posture.bounded', promise: 'The file stays below 64 KiB; what is left out is counted.', source },
  { id: 'posture.readable', promise: 'The file has mode 0644 whatever the umask, so that MDM tools can read it.', source },
  { id: 'posture.expires', promise: 'The file says when it expires, and what is stale or stopped is never compliant.', source },
  {
    id: 'posture.exit-codes',
    promise: 'The exit code is 0 compliant, 1 noncompliant, 2 stale, absent or unknown, 3 error.',
    source,
  },
  { id: 'posture.no-secret', promise: 'No value, credential or word of detail gets into the file.', source },
  {
    id: 'posture.signed',
    promise: 'The file is signed with the device key over canonical JSON: any change of it shows.',
    source,
  },
  {
    id: 'posture.finding-id',
    promise: 'The same thing wrong keeps its id and the time it was first seen, until it is right.',
    source,
  },
  { id: 'posture.sequence', promise: 'Sequence and hash chain go on across restarts.', source },
  { id: 'posture.worst-first', promise: 'A finding of high severity makes the device noncompliant.', source },
  {
    id: 'posture.unobservable',
    promise: 'The file names, by stable ids, what can not be observed on a device, whatever its verdict.',
    source,
  },
  {
    id: 'posture.unobservable-optional',
    promise: 'A file of an older agent, which does not name it, is read as before.',
    source,
  },
  {
    id: 'posture.unobservable-said',
    promise: '"drawbridge doctor" says what is not seen from here where it says that the device is compliant.',
    source: 'docs/not-governed.md',
  },
  { id: 'posture.mirror-atomic', promise: 'A reader of the SQLite mirror sees the old one or the new one whole.', source },
  { id: 'posture.mirror-readable', promise: 'The mirror has mode 0644 and is read without a second file.', source },
  { id: 'posture.mirror-written', promise: 'The mirror is written with every posture file.', source },
];
