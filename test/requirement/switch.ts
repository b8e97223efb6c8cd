// What is promised of break-glass switches: what is off, how fast, and what is not.
import type { Requirement } from '../requirement.ts';

const guide = 'docs/break-glass.md';

export const switches: readonly Requirement[] = [
  { id: 'switch.just-that', promise: 'A switch refuses what it names, and nothing beside it.', source: guide },
  { id: 'switch.until', promise: 'A switch with a time is on again at that time, by the clock alone.', source: guide },
  { id: 'switch.ends-itself', promise: 'Whoever listens is served again when the time has come.', source: guide },
  {
    id: 'switch.reason-told',
    promise: 'The reason is told to those who are refused only where that was asked for.',
    source: guide,
  },
  { id: 'switch.seen-elsewhere', promise: 'Other processes on the same database notice a switch.', source: guide },
  { id: 'switch.not-behind-policy', promise: 'A switch does not wait until a large policy has been read.', source: guide },
  {
    id: 'switch.doubt-refuses',
    promise: 'Where nobody can say what is switched off, every call is refused.',
    source: guide,
  },
  { id: 'switch.cuts-calls', promise: 'A call under way is cancelled and answered with what was switched off.', source: guide },
  {
    id: 'switch.cuts-lists',
    promise: 'Of a server that is switched off no list is asked on, kept or told, also one that is late.',
    source: guide,
  },
  {
    id: 'switch.tunnel-cut',
    promise: 'The tunnel of a workstation that is switched off is cut, with its local servers.',
    source: guide,
  },
  {
    id: 'switch.tunnel-back',
    promise: 'A workstation that was switched off is back by itself once it is on, within half a minute.',
    source: guide,
  },
  {
    id: 'switch.tunnel-late',
    promise: 'A workstation that is switched off while its tunnel is being opened gets none.',
    source: guide,
  },
  { id: 'switch.name-leads', promise: 'Nothing is switched off by a name that leads to nothing.', source: guide },
  { id: 'switch.on-record', promise: 'Who switched what off and on, and why, is on record.', source: guide },
  {
    id: 'switch.not-above',
    promise: 'Nobody switches a user off or on who may more than they do.',
    source: guide,
  },
  { id: 'switch.admin-off', promise: 'A user who is switched off may no more administer.', source: guide },
];
