// Which file adds which commands.
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandsOf } from '../../../gateway/command/commands.ts';
import type { Terminal } from '../../../gateway/command/terminal.ts';
import { quiet } from '../data.ts';

const terminal: Terminal = {
  around: { env: {}, platform: 'linux', isRoot: false },
  logger: quiet,
  input: process.stdin,
  isColored: false,
  print: () => undefined,
  note: () => undefined,
  untilEnded: () => AbortSignal.abort(),
};

async function named(word: string | undefined): Promise<readonly string[]> {
  const program = new Command();
  for (const add of await commandsOf(word)) add(program, terminal);
  return program.commands.map((command) => command.name());
}

test('each command is found by its own word, by one file, and all of them by any other', async () => {
  const all = await named(undefined);
  expect(all.length).toBeGreaterThan(20);
  expect(new Set(all).size).toBe(all.length);
  for (const name of all) {
    expect(await commandsOf(name), name).toHaveLength(1);
    expect(await named(name)).toContain(name);
  }
  for (const other of ['help', '--help', 'tokens', '']) expect(await named(other)).toEqual(all);
});
