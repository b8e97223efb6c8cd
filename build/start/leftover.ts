// The programs of an earlier `npm start` that was killed before it could end them: they still hold the data and the home.
// Rule: only a process whose number and start time are those that we wrote down is ours.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const Noted = z.array(z.strictObject({ title: z.string(), pid: z.number().int().positive(), startedAt: z.string() }));
type Noted = z.infer<typeof Noted>;

const endWithinMs = 8_000;
const fileIn = (dataDir: string): string => join(dataDir, 'programs.json');

/** Writes down what runs now, for the next start. */
export async function notePrograms(dataDir: string, programs: readonly { title: string; pid: number }[]): Promise<void> {
  const noted = await Promise.all(programs.map(async (one) => ({ ...one, startedAt: (await startTimeOf(one.pid)) ?? '' })));
  await writeFile(fileIn(dataDir), JSON.stringify(noted), { mode: 0o600 });
}

/** Everything was ended as it should be. */
export async function forgetPrograms(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
}

/** Ends what an earlier start left running, the last started first, and answers what that was. */
export async function endLeftovers(dataDir: string): Promise<readonly string[]> {
  const ended: string[] = [];
  for (const { title, pid, startedAt } of (await readNoted(dataDir)).toReversed()) {
    const isOurs = async (): Promise<boolean> => startedAt !== '' && (await startTimeOf(pid)) === startedAt;
    if (!(await isOurs())) continue;
    process.kill(pid, 'SIGTERM');
    for (const deadline = Date.now() + endWithinMs; (await isOurs()) && Date.now() < deadline;) await delay(50);
    if (await isOurs()) process.kill(pid, 'SIGKILL');
    ended.push(title);
  }
  await forgetPrograms(dataDir);
  return ended;
}

async function readNoted(dataDir: string): Promise<Noted> {
  try {
    return Noted.parse(JSON.parse(await readFile(fileIn(dataDir), 'utf8')));
  } catch {
    return []; // never written, or not by us: nothing is ours then
  }
}

/** proc_pid_stat(5): field 22, in ticks since the machine started; undefined where there is no such process, or no /proc. A zombie has ended. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' ? undefined : fields?.[19];
}
