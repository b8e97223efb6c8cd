// What a trial shows, as claims that hold or don't: one column of the table each. A claim that was not seen does not hold.
import type { Trial } from './trial.ts';

export interface Verdict {
  readonly host: string;
  readonly version: string;
  /** Converged, it offers its model exactly the tools that the gateway exposes and its user's permissions let through. */
  readonly lists: boolean;
  readonly callsDirect: boolean;
  /** The answer came back, and the gateway has it on record as this host's call through the shim. */
  readonly callsConverged: boolean;
  /** It had the server before; now it has no tool of it, a call of one fails, the refusal is on record, and it shows it, if it shows any. */
  readonly unapprovedRefused: boolean;
  /** Before and after: the tool that is allowed runs, another one is refused by the host itself and never reaches the gateway. */
  readonly permissionSurvives: boolean;
  /** How long a server that its own command added stood in its config, in ms; null where it has no such command. No claim: a measure. */
  readonly repairedMs: number | null;
  /** Given its config back, it calls its own server again. */
  readonly restored: boolean;
  /** In no run did it try to reach anything but loopback, and each run ended by itself. */
  readonly staysLocal: boolean;
}

export const claims = [
  'lists',
  'callsDirect',
  'callsConverged',
  'unapprovedRefused',
  'permissionSurvives',
  'restored',
  'staysLocal',
] as const satisfies readonly (keyof Verdict)[];

export function judge(trial: Trial): Verdict {
  const { host, version, message, direct, converged, records, list, added, restored } = trial;
  const rounds = [direct, converged];
  const answered = `Echo: ${message}`;
  const calls = records.filter((record) => record['method'] === 'tools/call');
  const own = { via: 'shim', host: host.id };
  const isOwn = (record: (typeof records)[number]) => Object.entries(own).every(([key, value]) => record[key] === value);
  const memory = records.filter((record) => serverOf(record) === 'memory');
  return {
    host: host.id,
    version,
    lists: toolsOf(trial, converged.allowed, 'everything').every((name) => /echo$|get.sum$/.test(name)) && offersEcho(trial),
    callsDirect: direct.allowed.result?.includes(answered) === true,
    callsConverged:
      converged.allowed.result?.includes(answered) === true &&
      calls.some((record) => isOwn(record) && record['tool'] === 'echo' && record['decision'] === 'allowed'),
    unapprovedRefused:
      toolsOf(trial, direct.unapproved, 'memory').length > 0 &&
      direct.unapproved.result?.includes('entities') === true &&
      toolsOf(trial, converged.unapproved, 'memory').length === 0 &&
      converged.unapproved.result?.includes('entities') === false &&
      memory.some((record) => isOwn(record) && record['code'] === 'SERVER_NOT_APPROVED') &&
      (host.list === undefined || (list !== undefined && host.list.failed.test(list.output))) &&
      // a list of which nothing is exposed is answered by the gateway alone, empty
      memory.every((record) => record['decision'] === 'refused' || record['workstation'] === null),
    permissionSurvives:
      rounds.every(({ allowed, unasked }) => {
        const said = `${unasked.result}\n${unasked.output}`;
        return allowed.result?.includes(answered) === true && host.refusal.test(said) && !/sum of 2 and 3 is/.test(said);
      }) && calls.every((record) => record['tool'] !== 'get-sum'),
    repairedMs: trial.repairedMs ?? null,
    restored: restored.result?.includes(answered) === true,
    staysLocal: [...rounds.flatMap((round) => Object.values(round)), list, added, restored].every(
      (one) => one === undefined || (one.outside.length === 0 && !one.isTimedOut),
    ),
  };
}

/** The tools of one server among those that the host offered. */
export function toolsOf({ host }: Trial, { offered }: { offered: readonly string[] }, server: string): readonly string[] {
  const prefix = host.toolName(server, '');
  return offered.filter((name) => name.startsWith(prefix));
}

const offersEcho = (trial: Trial): boolean =>
  toolsOf(trial, trial.converged.allowed, 'everything').includes(trial.host.toolName('everything', 'echo'));

function serverOf(record: Readonly<Record<string, unknown>>): unknown {
  const server = record['server'];
  return typeof server === 'object' && server !== null && 'name' in server ? server.name : undefined;
}
