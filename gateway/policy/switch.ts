// What is switched off, by kind and name, as policy/decide.ts asks for it. The rule: a switch whose time has come is on, by the clock of the moment that it is
// asked for, whether or not anybody has read the store again.
import type { Fault } from '#contract/error.ts';
import { isOff, switchFault, type Switch, type SwitchKind } from '#contract/switch.ts';

export interface Off {
  /** The SWITCHED_OFF of it, where it is off now. */
  find(kind: SwitchKind, name: string): Fault | undefined;
  /** The same of any of a user's workstations. */
  workstationOf(user: string): Fault | undefined;
  /** When the next of them is on again by itself, in ms since 1970; undefined where none is. */
  readonly changesAt: number | undefined;
}

/** Undefined where nothing is off: then no call has to be looked at for it. */
export function compileOff(switches: readonly Switch[], now: () => number): Off | undefined {
  const at = now();
  const off = switches.filter((one) => isOff(one, at));
  if (off.length === 0) return undefined;
  const byName = new Map(off.map((one) => [`${one.kind} ${one.name}`, one]));
  const workstations = off.filter(({ kind }) => kind === 'workstation');
  const faultOf = (one: Switch | undefined) => (one && isOff(one, now()) ? switchFault(one) : undefined);
  const ends = off.flatMap(({ until }) => (until === null ? [] : [until]));
  return {
    find: (kind, name) => faultOf(byName.get(`${kind} ${name}`)),
    workstationOf: (user) => faultOf(workstations.find((one) => one.owner === user && isOff(one, now()))),
    changesAt: ends.length === 0 ? undefined : Math.min(...ends),
  };
}
