// How the tests run. Two projects: `unit` (fast, run on every save) and `slow` (whole programs, kill runs, fuzzing), one after the other in `npm test`.
import { defineConfig } from 'vitest/config';
import { CountReporter } from './test/reporter.ts';

/** Tests that take seconds: whole programs, kill runs, fuzzing, real databases, trees of processes. New ones end in .slow.test.ts. */
const slow = [
  'test/**/*.slow.test.ts',
  'test/walk/**/*.test.ts',
  'test/gateway/audit/chain.test.ts',
  'test/gateway/tunnel/{handshake,host,lost,relay,review}.test.ts',
  'test/bridge/device/device.test.ts',
  'test/bridge/server/{owner-killed,process,resolve,running}.test.ts',
  'test/bridge/shim/connect.test.ts',
  'test/bridge/tunnel/hostile-gateway.test.ts',
];
const never = ['test/bench/**', 'test/fake/**'];

export default defineConfig({
  test: {
    reporters: [new CountReporter()],
    pool: 'forks',
    maxWorkers: '100%',
    // Real processes and databases on a machine that may have two busy cores: a deadline is there to end a hang, not to measure.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    // The same for what is waited for: by itself it would be one second.
    expect: { poll: { timeout: 20_000, interval: 20 } },
    allowOnly: false,
    projects: [
      {
        extends: true,
        // Files share their process: none of them leaves anything behind, and starting one for each would take longer than the tests.
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...slow, ...never],
          isolate: false,
          sequence: { groupOrder: 0 },
        },
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
