// What is promised of the whole: the main job, from a host file to a local server and back.
import type { Requirement } from '../requirement.ts';

export const walk: readonly Requirement[] = [
  {
    id: 'walk.both-eras',
    promise: 'Hosts of 2025-11-25 and of 2026-07-28 list and call the tools of workstation servers at one URL.',
    source: 'README.md',
  },
  {
    id: 'walk.token-required',
    promise: 'Without a valid token the gateway answers 401 and nothing else.',
    source: 'SECURITY.md',
  },
  {
    id: 'walk.refusal-recorded',
    promise: 'A tool that is not provisioned is hidden from lists, refused when called, and both are on record.',
    source: 'ARCHITECTURE.md, records',
  },
  {
    id: 'walk.only-the-gateway',
    promise: "A converged host file names only the gateway, and keeps its comments and its entries' names.",
    source: 'docs/host-configs.md',
  },
  {
    id: 'start.leftovers-ended',
    promise: 'After npm start was killed, the next one ends the programs that it left, and no others.',
    source: 'README.md, Five minutes',
  },
  {
    id: 'start.interrupted-early',
    promise: 'Ctrl-C stops npm start at any moment, and the home is as it was.',
    source: 'README.md, Five minutes',
  },
  {
    id: 'start.home-restored',
    promise: 'Stopping `npm start` puts the sample home back byte for byte and leaves no process behind.',
    source: 'README.md',
  },
  {
    id: 'start.unobservable',
    promise: '`npm start` says beside a posture what can not be seen from the device.',
    source: 'docs/not-governed.md',
  },
  {
    id: 'start.companion-open',
    promise: '`npm start` opens the companion where there is a display and an Electron, and ends it with the rest.',
    source: 'README.md',
  },
  {
    id: 'start.own-home-confirmed',
    promise: '`npm start` does not touch a home that is not a sample without a typed confirmation.',
    source: 'README.md',
  },
  {
    id: 'walk.nothing-left-behind',
    promise: 'Short sessions of both eras, however many, leave no memory, socket or session behind at the gateway server.',
    source: 'CONTRIBUTING.md, "Bench"',
  },
];
