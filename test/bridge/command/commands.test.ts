// Which file adds which commands.
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandsOf } from '../../../bridge/command/commands.ts';
import type { Terminal } from '../../../bridge/command/terminal.ts';

const terminal: Terminal = {
  around: {
    env: {},
    platform: 'linux',
    arch: 'x64',
    pid: 1,
    uid: 1,
    home: '/',
    userName: 'ada',
    hostname: 'here',
    osVersion: 'test',
    shell: undefined,
    directory: '/',
    node: 'node',
    cli: 'launch.mjs',
    productVersion: 'test',
  },
  startAgent: () => Promise.reject(new Error('no command is run here')),
  input: process.stdin,
  print: () => undefined,
  note: () => undefined,
  exitWith: () => undefined,
  exitNow: () => undefined,
  untilEnded: () => AbortSignal.abort(),
};

async function named(...args: readonly string[]): Promise<readonly string[]> {
  const program = new Command();
  for (const add of await commandsOf(args)) add(program, terminal);
  return program.commands.map((command) => command.name());
}

test('each command is found by its own word, also behind --state, by one file, and all of them by any other', async () => {
  const all = await named();
  expect(all.length).toBeGreaterThan(10);
  expect(new Set(all).size).toBe(all.length);
  for (const name of all) {
    expect(await commandsOf([name, '--json']), name).toHaveLength(1);
    for (const args of [[name], ['--state', '/state', name], ['--state=/state', name]])
      expect(await named(...args)).toContain(name);
  }
  for (const other of [['help'], ['--help'], ['agents'], [''], ['--state'], ['--state', 'agent'], ['--json', 'status']])
    expect(await named(...other)).toEqual(all);
});
