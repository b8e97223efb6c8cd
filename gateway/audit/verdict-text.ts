// What a verification found, in words. The rule: what is gone by policy is told wherever it is told that all is whole.
import { counted } from '#contract/counted.ts';
import type { Verdict } from './verify.ts';

/** One line for all of it, and one for each chain whose beginning is gone by policy or whose end is another gateway server's to show. Names in it are as the database has them. */
export function verdictLines({ records, chains }: Extract<Verdict, { ok: true }>): readonly string[] {
  const lines = [`whole: ${counted(records, 'record')} in ${counted(chains.length, 'chain')}`];
  for (const { chain, seq, removed, checkpointsOfRemoved, isEndShown } of chains) {
    if (!isEndShown)
      lines.push(
        `${chain}: whole up to record ${seq}, but whether records after it were cut off can't be shown here: another gateway server writes it. Run \`audit verify\` where the file key/chain names it, or with --checkpoint`,
      );
    if (removed === null) continue;
    const [at, before] = [removed.at, removed.before].map((time) => new Date(time).toISOString());
    lines.push(`${chain}: records 1 to ${removed.seq} are gone by policy, all made before ${before} (removed until ${at})`);
    if (checkpointsOfRemoved > 0)
      lines.push(
        `${chain}: ${counted(checkpointsOfRemoved, 'checkpoint names', 'checkpoints name')} records that are gone, so nothing could be compared with that`,
      );
  }
  return lines;
}
