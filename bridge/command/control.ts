// Commands that ask the running agent to do something: what the companion's window offers, for whoever has none.
// Rule: the agent decides; here only words are put around what it answers.
import { Argument, InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { AgentCommand, CommandResult } from '#contract/agent.ts';
import { Slug } from '#contract/id.ts';
import { deviceOf } from '../location.ts';
import { askCommand } from '../socket/ask.ts';
import { socketPath } from '../socket/path.ts';
import { jsonOption, stateOption } from './terminal.ts';
import type { AddCommands, Common, Terminal } from './terminal.ts';
import { planInWords, restoreInWords, serversInWords } from './words.ts';

interface PauseFlags extends Common {
  readonly minutes: number;
  readonly reason?: string;
}

export const addControl: AddCommands = (program, terminal) => {
  const pause = program
    .command('pause')
    .description('Closes the way to the gateway for a while, where the profile allows it. It ends by itself.')
    .addOption(new Option('--minutes <n>', 'how long').argParser(wholeNumber).makeOptionMandatory())
    .option('--reason <text>', 'why; recorded at the gateway');
  action(pause, terminal, async ({ minutes, reason }: PauseFlags, ask) => {
    const { until } = await ask({ name: 'pause', minutes, ...(reason === undefined ? {} : { reason }) });
    return `Paused until ${new Date(until).toISOString()}.`;
  });
  action(program.command('resume').description('Ends a pause.'), terminal, async (_, ask) => {
    await ask({ name: 'resume' });
    return 'Drawbridge is on again.';
  });
  action(program.command('reconnect').description('Dials the gateway anew, without waiting.'), terminal, async (_, ask) => {
    await ask({ name: 'wake' });
    return 'The gateway is being dialed.';
  });
  action(
    program.command('diagnostics').description('Prints what support needs to know, as JSON without secrets.'),
    terminal,
    async (_, ask) => (await ask({ name: 'diagnostics' })).text,
  );
  const servers = program.command('servers').description('The local servers of this workstation.');
  action(servers.command('list').description('Shows how each stands.').addOption(jsonOption()), terminal, async (flags, ask) => {
    const found = await ask({ name: 'servers' });
    return flags.json === true ? JSON.stringify(found) : serversInWords(found, Date.now());
  });
  const restart = servers.command('restart').description('Ends it; its next call starts it anew.').addArgument(serverArgument());
  action(restart, terminal, async (_, ask, server) => {
    await ask({ name: 'restart_server', server: Slug.parse(server) });
    return `The server "${server}" was ended. Its next call starts it anew.`;
  });
  const log = servers.command('log').description('Shows what it last said beside its messages.').addArgument(serverArgument());
  action(log, terminal, async (_, ask, server) => {
    const { lines } = await ask({ name: 'server_log', server: Slug.parse(server) });
    return lines.length === 0 ? 'It said nothing.' : lines.join('\n');
  });
};

/** Below `hosts`: one host, by the running agent. */
export function addHostControl(hosts: Command, terminal: Terminal): void {
  const of = (name: string, description: string): Command =>
    hosts
      .command(name)
      .description(description)
      .argument('<host>', 'its id, as "hosts list --json" shows it')
      .addOption(jsonOption());
  action(
    of('diff', 'Shows what converging it would change or, where it is converged, what was changed.'),
    terminal,
    async (flags, ask, host) => {
      const { files } = await ask({ name: 'host_diff', host });
      if (flags.json === true) return JSON.stringify({ files });
      return files.length === 0 ? 'Nothing differs.' : files.map(({ diff }) => diff).join('\n');
    },
  );
  action(
    of('undo', 'Takes the gateway out of it, where the profile allows that, and leaves it alone.'),
    terminal,
    async (flags, ask, host) => {
      const report = await ask({ name: 'undo_host', host });
      return flags.json === true ? JSON.stringify(report) : restoreInWords(report);
    },
  );
  action(
    of('take-back', 'Makes it name only the gateway again, after it was undone or kept undoing us.'),
    terminal,
    async (flags, ask, host) => {
      const report = await ask({ name: 'converge_host', host });
      return flags.json === true ? JSON.stringify(report) : planInWords(report, 'was');
    },
  );
}

/** Asks the agent. Rejects with its refusal, or where there is none. */
type Ask = <const C extends AgentCommand>(command: C) => Promise<CommandResult<C['name']>>;

/** What a command does with its options, the agent and its one argument, and what it prints then. */
function action<F extends Common>(
  command: Command,
  terminal: Terminal,
  run: (flags: F, ask: Ask, argument: string) => Promise<string>,
): void {
  command.addOption(stateOption()).action(async (...given: unknown[]) => {
    const flags: F = command.optsWithGlobals();
    const { around } = terminal;
    const { stateDir } = deviceOf(flags, around);
    const ask: Ask = async (asked) => {
      const answer = await askCommand(socketPath(stateDir, around.platform, around.uid), around.uid, asked);
      if (answer.kind === 'answered') return answer.value;
      if (answer.kind === 'failed') throw new Error(answer.message);
      throw new Error(`no agent answers for ${stateDir}. Start it with "drawbridge agent".`);
    };
    terminal.print((await run(flags, ask, String(given[0]))).trimEnd());
  });
}

function serverArgument(): Argument {
  return new Argument('<server>', 'its name').argParser((text: string) => {
    if (!Slug.safeParse(text).success) throw new InvalidArgumentError('It is no name of a server.');
    return text;
  });
}

function wholeNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) === 0 || Number(text) > 1440) throw new InvalidArgumentError('Use 1 to 1440.');
  return Number(text);
}
