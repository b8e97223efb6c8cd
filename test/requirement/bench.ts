// What a figure of the benchmark stands for.
import type { Requirement } from '../requirement.ts';

export const bench: readonly Requirement[] = [
  {
    id: 'bench.right-answers-only',
    promise: "An answer counts only when it holds its own call's id and exactly its text; any other is an error.",
    source: 'CONTRIBUTING.md, "Bench"',
  },
  {
    id: 'bench.void',
    promise: 'A run with wrong answers, or with a floor under 0.08 of direct stdio, is void and says so.',
    source: 'CONTRIBUTING.md, "Bench"',
  },
  {
    id: 'bench.real-count',
    promise: 'A goal for 10,000 tunnels is judged by 10,000 tunnels: fewer are shown and prove nothing.',
    source: 'CONTRIBUTING.md, "Bench"',
  },
  {
    id: 'bench.whole-tree',
    promise: 'CPU per call counts every process below those that were started, also one that has ended meanwhile.',
    source: 'CONTRIBUTING.md, "Bench"',
  },
  {
    id: 'bench.open-loop',
    promise: 'In the open loop a latency counts from the moment its call was due, also where the call could not be sent then.',
    source: 'CONTRIBUTING.md, "Bench"',
  },
];
