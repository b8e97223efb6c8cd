// How the tests run. Two projects: `unit` (fast, run on every save) and `slow` (whole programs, kill runs, fuzzing), one after the other in `npm test`.
import { defineConfig } from 'vitest/config';
import { CountReporter } from './test/reporter.ts';

/** Tests that start whole programs or go on for long: everything in test/walk, and files that end in .slow.test.ts. */
const slow = ['test/walk/**/*.test.ts', 'test/**/*.slow.test.ts'];
const never = ['test/bench/**', 'test/fake/**'];

export default defineConfig({
  test: {
    reporters: [new CountReporter()],
    pool: 'forks',
    // Real processes and databases on a machine that may have two busy cores: a deadline is there to end a hang, not to measure.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    allowOnly: false,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: [...slow, ...never], sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        // One file at a time: a kill run beside a fuzzer would measure the machine.
        test: {
          name: 'slow',
          include: slow,
          exclude: never,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
