// What is promised where a gateway captures what is asked and answered.
import type { Requirement } from '../requirement.ts';

const source = 'docs/capture.md';

export const capture: readonly Requirement[] = [
  {
    id: 'capture.record-stands-for-it',
    promise: 'The record of a call names the hash of each payload of it, and no more of it.',
    source,
  },
  {
    id: 'capture.asked-as-it-came',
    promise: 'A full payload holds the request as it came, whatever becomes of it on its way to the server.',
    source,
  },
  {
    id: 'capture.hash-tells-nothing',
    promise: 'The hash of a payload does not tell whether something was said that somebody guesses.',
    source,
  },
  {
    id: 'capture.redacted-is-masked',
    promise: 'A redacted payload holds no secret and no personal data that the built-in detectors find, whatever the rules say.',
    source,
  },
  {
    id: 'capture.blocked-is-not-kept',
    promise: 'Of a request that a rule blocks a redacted payload holds that it was there, and nothing of it.',
    source,
  },
  {
    id: 'capture.refused-is-masked-too',
    promise: 'A request that is refused before an engine of its gateway saw it is in no redacted payload.',
    source,
  },
  {
    id: 'capture.overlaps-are-masked',
    promise: 'Where two findings overlap, a redacted payload holds nothing of either.',
    source,
  },
  {
    id: 'capture.masked-in-slices',
    promise: 'While a large message is looked through to be kept redacted, calls go on.',
    source,
  },
  { id: 'capture.cut-hides-whole', promise: 'What stands where a redacted payload is cut is put aside whole.', source },
  {
    id: 'capture.rounds',
    promise:
      'What a server says in the course of a call is kept with the request that is under way then, also where the call goes on in several.',
    source,
  },
  {
    id: 'capture.fails-closed',
    promise: 'A call whose payload has to be captured and can not be is refused before it is made.',
    source,
  },
  {
    id: 'capture.committed-first',
    promise: 'A payload is on disk, with the record of its call, before the answer leaves, also where records are batched.',
    source,
  },
  {
    id: 'capture.lost-alone',
    promise: 'A payload whose data key is gone keeps no other record from being written, and its own says that it is lost.',
    source,
  },
  { id: 'capture.sealed-to-its-row', promise: 'A payload that was moved to another record or direction does not open.', source },
  {
    id: 'capture.rotated',
    promise: 'After the key of the vault was rotated every payload opens, and none needs the old key.',
    source,
  },
  { id: 'capture.retention', promise: 'A payload that has kept its time by the policy of now is shown to nobody.', source },
  {
    id: 'capture.removal-on-record',
    promise: 'That payloads were removed because they have kept their time is on record.',
    source,
  },
  { id: 'capture.reading-on-record', promise: 'Who read which payload is on record before they see it.', source },
  { id: 'capture.reach', promise: 'A payload is shown to nobody who does not reach the gateway of its call.', source },
  {
    id: 'capture.verified',
    promise:
      'Each captured payload that is missing, does not open or is not what its record stands for is named by `audit verify --payloads`.',
    source,
  },
  { id: 'capture.checked', promise: 'A payload that is not what its record stands for is not shown.', source },
  {
    id: 'capture.people-are-told',
    promise: 'Whoever lets a host in, or looks at their calls, is told where what they ask is kept.',
    source,
  },
];
