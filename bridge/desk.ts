// Answers what clients of the agent's socket ask for (contract/agent.ts). It decides only what the profile allows; the parts do the rest.
// Rule: a command that changes what is true answers when it is true.
import { setTimeout as wait } from 'node:timers/promises';
import type { AgentCommand, AgentCommandName, AgentState, CommandResult } from '#contract/agent.ts';
import { assertNever } from '#contract/assert.ts';
import { Fault } from '#contract/error.ts';
import { Secret } from '#contract/secret.ts';
import type { LocalServers } from './local-servers.ts';
import type { ManagedHosts } from './managed-hosts.ts';
import type { Pause } from './pause.ts';
import type { Heartbeat } from './posture/heartbeat.ts';
import type { ProfileWatch } from './profile/watch.ts';
import type { Settling } from './settling.ts';
import type { Uplink } from './uplink.ts';

export interface DeskDeps {
  readonly current: () => AgentState;
  readonly profile: ProfileWatch;
  readonly settling: Settling;
  readonly uplink: Uplink;
  readonly servers: LocalServers;
  /** Looks at the local servers now, so that the state says how they stand. */
  readonly look: () => void;
  readonly hosts: ManagedHosts;
  readonly pause: Pause;
  readonly heartbeat: Heartbeat;
  readonly diagnostics: () => string;
  /** The agent is to end. */
  readonly stop: (reason: string | undefined) => void;
}

type Result = CommandResult<AgentCommandName>;
/** Who asks waits for 20 s; an install may last minutes. */
const lookWithinMs = 5_000;

/** Rejects with the Fault that refuses the command. */
export function createDesk(deps: DeskDeps): (command: AgentCommand) => Promise<Result> {
  const { profile, settling, servers, hosts, pause, uplink } = deps;

  /** Hosts change between two settlings, and the next one shows it. */
  async function change<T>(task: () => Promise<T>): Promise<T> {
    const done = await settling.between(task);
    await settling.ask('hosts');
    return done;
  }

  async function pauseFor(minutes: number, reason: string | undefined): Promise<number> {
    const { until } = await pause.begin(minutes, reason);
    await uplink.follow(profile.current.profile);
    return until;
  }

  return async (command) => {
    deps.look();
    switch (command.name) {
      case 'status':
        return deps.current();
      case 'servers':
        return deps.current().servers;
      case 'posture':
        return deps.heartbeat.beat();
      case 'reload':
        await profile.reload();
        await settling.ask('profile');
        return { findings: deps.current().findings };
      case 'restart_server':
        // the files that its entry names may be others now; another one whose package is on its way must not keep it
        await Promise.race([settling.ask('servers'), wait(lookWithinMs, undefined, { ref: false })]);
        await servers.restart(command.server);
        deps.look();
        return {};
      case 'server_log':
        return { lines: [...servers.log(command.server)] };
      case 'host_diff':
        return { files: [...(await hosts.diff(command.host)).files] };
      case 'undo_host':
        return change(() => hosts.undo(command.host));
      case 'converge_host':
        return change(() => hosts.converge(command.host));
      case 'pause':
        return { until: await pauseFor(command.minutes, command.reason) };
      case 'resume':
        await pause.end('user');
        await settling.ask('profile');
        return {};
      case 'enroll': {
        const { workstation } = await uplink.enroll(profile.current.profile, new Secret(command.token));
        await settling.ask('profile');
        return { workstation };
      }
      case 'wake':
        uplink.wake();
        if (!uplink.tunnel) void settling.ask('profile');
        return {};
      case 'diagnostics':
        return { text: deps.diagnostics() };
      case 'stop':
        if (!profile.current.profile.AllowUserQuit)
          throw new Fault('PROFILE_FORBIDS', { what: 'its user to end the agent: AllowUserQuit is false' });
        deps.stop(command.reason);
        return {};
      default:
        return assertNever(command);
    }
  };
}
