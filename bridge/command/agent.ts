// `drawbridge agent`: runs the agent until SIGTERM or SIGINT. On stdout it says one line, when it is ready; everything else goes to the log on stderr.
import { deviceOf } from '../location.ts';
import { homeOption, profileOption, stateOption } from './terminal.ts';
import type { AddCommands, Common } from './terminal.ts';

const stopWithinMs = 2_800;

export const addAgent: AddCommands = (program, terminal) => {
  program
    .command('agent')
    .description('Runs the bridge for this user until SIGTERM or SIGINT.')
    .addOption(stateOption())
    .addOption(homeOption())
    .addOption(profileOption())
    .action(async (_: unknown, command: { optsWithGlobals(): Common }) => {
      const { around } = terminal;
      const ended = terminal.untilEnded();
      const starting = terminal.startAgent(deviceOf(command.optsWithGlobals(), around));
      const isAborted = new Promise<'ended'>((resolve) => {
        if (ended.aborted) resolve('ended');
        ended.addEventListener('abort', () => resolve('ended'));
      });
      const first = await Promise.race([starting, isAborted]);
      if (first !== 'ended') {
        terminal.print(JSON.stringify({ event: 'started', pid: around.pid, socket: first.socket }));
        await Promise.race([isAborted, first.stopAsked]);
      }
      // asked to end while it started: what was begun is ended all the same, but not waited for longer than promised
      const stopped = starting.then(async (agent) => agent.close());
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, stopWithinMs).unref())]);
      terminal.exitNow(0);
    });
};
