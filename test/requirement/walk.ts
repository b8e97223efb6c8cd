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
    id: 'start.home-restored',
    promise: 'Stopping `npm start` puts the sample home back byte for byte and leaves no process behind.',
    source: 'README.md',
  },
  {
    id: 'start.own-home-confirmed',
    promise: '`npm start` does not touch a home that is not a sample without a typed confirmation.',
    source: 'README.md',
  },
];
