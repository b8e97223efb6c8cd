// What a program holds: memory after its garbage was collected, open files and sockets, processes below it, and what the metrics of the gateway server say.
// Linux only. The rule: everything is read from outside but the heap, which only the program itself can tell (probe.ts).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** For the environment of programs that are to be probed by sockets in this folder. */
export function probed(folder: string): Readonly<Record<string, string>> {
  const file = new URL('./probe.ts', import.meta.url).href;
  return { NODE_OPTIONS: `--expose-gc --import ${file}`, BENCH_PROBE_DIR: folder };
}

const Held = z.object({ heapBytes: z.number() });

/** Bytes of JavaScript and of buffers, garbage collected. */
export async function heapOf(folder: string, pid: number): Promise<number> {
  return Held.parse(JSON.parse(await tell(folder, pid, 'held'))).heapBytes;
}

/** Puts the program's clock forward; what looks for expired things by intervals of 30 s and more looks at once. */
export async function forward(folder: string, pid: number, ms: number): Promise<void> {
  await tell(folder, pid, `forward ${ms}`);
}

function tell(folder: string, pid: number, command: string): Promise<string> {
  const socket = connect(join(folder, `${pid}.sock`));
  socket.write(`${command}\n`);
  return text(socket);
}

/** Open files, and how many of them are sockets. */
export function filesOf(pid: number): { readonly all: number; readonly sockets: number } {
  const names = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
  return { all: names.length, sockets: names.filter((name) => name.startsWith('socket:')).length };
}

/** How many processes live that this one started. */
export function childrenOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1'))
    .flatMap((children) => children.split(' ').filter((child) => child !== '')).length;
}

/** Gauges of the gateway server by their names without `drawbridge_`. */
export async function gaugesOf(metricsUrl: string): Promise<Readonly<Record<string, number>>> {
  const body = await (await fetch(metricsUrl, { headers: { connection: 'close' } })).text();
  const lines = body.matchAll(/^drawbridge_(sessions|streams|calls_waiting|audit_waiting_records|tunnels) (\d+)$/gm);
  const gauges = Object.fromEntries([...lines].map(([, name = '', value]) => [name, Number(value)]));
  if (gauges['sessions'] === undefined || gauges['streams'] === undefined)
    throw new Error('the metrics name no sessions or streams');
  return gauges;
}
