// Who is told which names there are. The rule: a refusal of an unknown name says to whoever may not see such things only that there is none of this name, so that nobody
// learns by mistyping what they may not list.
import type { Capability } from '#contract/capability.ts';
import { Fault } from '#contract/error.ts';
import { type Actor, may } from './actor.ts';

/** What shows all of a kind; what is not here is told to the command line alone. */
const shownWith: ReadonlyMap<string, Capability> = new Map<string, Capability>([
  ['user', 'people.view'],
  ['person', 'people.view'],
  ['team', 'people.view'],
  ['role', 'people.view'],
  // Also of those gateways that their teams do not grant.
  ['gateway', 'gateways.view-all'],
  ['assignment', 'gateways.view-all'],
  // Of one gateway, which was asked for before.
  ['rule', 'gateways.view'],
  ['engine', 'integrations.manage'],
  ['server', 'servers.view'],
  ['remote server', 'servers.view'],
  ['offered server', 'servers.approve'],
  ['workstation', 'workstations.view'],
  ['identity', 'identities.view'],
  ['host', 'hosts.view'],
  ['connection', 'connections.view'],
  ['token', 'tokens.view'],
  ['personal access token', 'access-tokens.manage'],
  ['group of the directory', 'directory.manage'],
  ['token of a directory', 'directory.manage'],
  ['sink', 'sinks.manage'],
  ['open alert', 'alerts.view'],
  ['export', 'audit.export'],
  ['verification', 'audit.read'],
]);

/** Behind what is switched off stands its kind. */
const offWords = ' that is switched off';

/** Whether this actor sees all of a kind, as faults call it. */
export function sees(actor: Actor, what: string): boolean {
  if (actor.kind === 'command-line') return true;
  const capability = what.endsWith(offWords) ? 'switches.manage' : shownWith.get(what);
  return capability !== undefined && may(actor, capability);
}

/** What was thrown, as this actor may be told it. */
export function toldTo(actor: Actor, thrown: unknown): unknown {
  if (!(thrown instanceof Fault) || thrown.code !== 'NAME_UNKNOWN') return thrown;
  const { what, name } = thrown.fields;
  if (sees(actor, String(what))) return thrown;
  return new Fault(
    'NAME_UNKNOWN',
    { what: String(what), name: String(name), hint: 'You may not see which there are.' },
    { cause: thrown },
  );
}
