// May this command run here? Pure. The rule of ARCHITECTURE.md, "Where commands come from": it runs iff the profile does not deny it, and
// either the profile lists it, or the profile delegates and the gateway approved exactly this fingerprint for exactly this server.
import { Fault } from '#contract/error.ts';
import type { Fingerprint } from '#contract/id.ts';
import type { CommandRule, Profile } from '#contract/profile.ts';
import type { LaunchLine, LocalServerSource, Verdict } from '#contract/server.ts';
import { choosesCode } from './environment.ts';

export interface SanctionQuestion {
  readonly profile: Pick<
    Profile,
    'LocalServers' | 'LocalServerApproval' | 'AllowedLocalServerCommands' | 'DeniedLocalServerCommands'
  >;
  readonly verdicts: readonly Verdict[];
  readonly source: LocalServerSource;
  readonly fingerprint: Fingerprint;
}

/** Undefined: it may run. A fault: it may not, and why. */
export function sanction({ profile, verdicts, source, fingerprint }: SanctionQuestion): Fault | undefined {
  const { server, line } = source;
  if (profile.DeniedLocalServerCommands.some((rule) => denies(rule, line, fingerprint)))
    return new Fault('SERVER_DENIED', { server, by: 'the profile of this device' });
  if (isListed(profile.LocalServers, source)) return undefined;
  if (profile.AllowedLocalServerCommands.some((rule) => allows(rule, line, fingerprint))) return undefined;
  if (profile.LocalServerApproval !== 'gateway') return new Fault('SERVER_NOT_APPROVED', { server, fingerprint });
  const said = verdicts.filter((verdict) => verdict.server === server && verdict.fingerprint === fingerprint);
  if (said.some((verdict) => verdict.decision === 'denied')) return new Fault('SERVER_DENIED', { server, by: 'the gateway' });
  return said.some((verdict) => verdict.decision === 'approved')
    ? undefined
    : new Fault('SERVER_NOT_APPROVED', { server, fingerprint });
}

/** The profile's own line under this name, to the letter. Slugs such as `constructor` are names too, so only own keys count. */
function isListed(listed: Readonly<Record<string, LaunchLine>>, { server, line }: LocalServerSource): boolean {
  const own = Object.hasOwn(listed, server) ? listed[server] : undefined;
  return own !== undefined && sameList(words(own), words(line)) && own.cwd === line.cwd && sameEnvironment(own.env, line.env);
}

// An argument list says nothing of the directory or of variables that load other code, so it covers no entry that sets them: a fingerprint does.
function allows(rule: CommandRule, line: LaunchLine, fingerprint: Fingerprint): boolean {
  if (typeof rule === 'string') return rule === fingerprint;
  return sameList(rule, words(line)) && line.cwd === undefined && !Object.keys(line.env).some(choosesCode);
}

// Denial reads names generously: `npx`, `/usr/bin/npx` and `NPX.CMD` are one command.
function denies(rule: CommandRule, line: LaunchLine, fingerprint: Fingerprint): boolean {
  if (typeof rule === 'string') return rule === fingerprint;
  const [command = '', ...args] = rule;
  if (command !== line.command && commandName(command) !== commandName(line.command)) return false;
  return args.length === 0 || sameList(args, line.args);
}

/** The last part of a command's path, in lower case, without a Windows extension. */
export function commandName(command: string): string {
  const last = command.split(/[/\\]/).at(-1) ?? command;
  return last.toLowerCase().replace(/\.(?:exe|cmd|bat|com|ps1)$/, '');
}

const words = (line: LaunchLine): readonly string[] => [line.command, ...line.args];

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}

/** Do two environments hold the same names with the same values? */
export function sameEnvironment(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
