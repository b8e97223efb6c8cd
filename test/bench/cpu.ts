// CPU time of process trees, from /proc. Linux only.
// A process that ended and was waited for is in its parent's account, so the sum over the living tree never loses or doubles time.
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: the unit of the times in /proc/<pid>/stat. 100 on every Linux that Node 24 runs on. */
const ticksPerSecond = 100;

interface Account {
  readonly parent: number;
  readonly ticks: number;
}

/** Milliseconds of CPU, user and system, that the processes `roots` and all below them have used so far. */
export function cpuMsOfTrees(roots: readonly number[]): number {
  const accounts = readAccounts();
  let ticks = 0;
  for (const [pid, account] of accounts) if (isBelow(pid, roots, accounts)) ticks += account.ticks;
  return (ticks * 1000) / ticksPerSecond;
}

/** Milliseconds of CPU that the whole machine has used so far, whoever used them, what its host took included. */
export function cpuMsOfMachine(): number {
  // man 5 proc_stat: cpu user nice system idle iowait irq softirq steal …
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticksOfMachine();
  return ((user + nice + system + irq + softirq + steal) * 1000) / ticksPerSecond;
}

/** Milliseconds in which the host of a virtual machine ran others while this one had something to run. */
export function stolenMsOfMachine(): number {
  return ((ticksOfMachine()[7] ?? 0) * 1000) / ticksPerSecond;
}

function ticksOfMachine(): readonly number[] {
  const [, ...fields] = (readFileSync('/proc/stat', 'latin1').split('\n')[0] ?? '').split(/ +/);
  return fields.map(Number);
}

function isBelow(pid: number, roots: readonly number[], accounts: ReadonlyMap<number, Account>): boolean {
  for (let at = pid; at > 0; at = accounts.get(at)?.parent ?? 0) if (roots.includes(at)) return true;
  return false;
}

function readAccounts(): Map<number, Account> {
  const accounts = new Map<number, Account>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const account = readAccount(name);
    if (account !== undefined) accounts.set(Number(name), account);
  }
  return accounts;
}

function readAccount(pid: string): Account | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined; // it ended between the listing and the reading
  }
  // The name in parentheses may hold spaces and parentheses: fields are counted from the last one. man 5 proc_pid_stat: 3 state, 4 ppid, 14-17 times.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return { parent: field(4), ticks: field(14) + field(15) + field(16) + field(17) };
}
