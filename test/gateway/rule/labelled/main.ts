// `node test/gateway/rule/labelled/main.ts [--set DIR] [--seed N] [--count N] [--show]`: recall and precision of the recognizers, as a table.
// A set of others is a folder of `.jsonl` files, one sample a line: {"text": "…", "labels": [{"type": "US_SSN", "start": 0, "end": 11}]}.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type PiiType, piiTypes } from '#contract/rule.ts';
import { fold } from '../../../../gateway/rule/fold.ts';
import { injectionDetector } from '../../../../gateway/rule/injection.ts';
import { TimeBudget } from '../../../../gateway/rule/match.ts';
import { attacks, benignDescriptions } from './description.ts';
import { createRandom } from './random.ts';
import { type Sample, samplesOf } from './sample.ts';
import { scoresOf } from './score.ts';

const SampleLine = z.looseObject({
  text: z.string(),
  labels: z.array(z.object({ type: z.enum(piiTypes), start: z.number().int().min(0), end: z.number().int().min(0) })),
});

const { values } = parseArgs({
  options: {
    set: { type: 'string' },
    seed: { type: 'string', default: '20261126' },
    count: { type: 'string', default: '20000' },
    show: { type: 'boolean', default: false },
  },
});
const random = createRandom(Number(values.seed));
const samples = values.set === undefined ? samplesOf(random, Number(values.count)) : await read(values.set);
const own: readonly PiiType[] = ['EMAIL_ADDRESS', 'US_SSN', 'CREDIT_CARD', 'IBAN_CODE'];
const labelled =
  values.set === undefined
    ? own
    : piiTypes.filter((type) => samples.some(({ labels }) => labels.some((label) => label.type === type)));
say(`${samples.length} texts, ${values.set === undefined ? `seed ${values.seed}` : values.set}`);
say('type            labels  recall  precision');
for (const { type, labels, recall, precision, missed, wrong } of scoresOf(samples, labelled)) {
  say(`${type.padEnd(15)} ${String(labels).padStart(6)}  ${recall.toFixed(4)}  ${precision.toFixed(4)}`);
  if (!values.show) continue;
  for (const text of missed) say(`  missed: ${JSON.stringify(text)}`);
  for (const text of wrong) say(`  wrong:  ${JSON.stringify(text)}`);
}
if (values.set === undefined) {
  const detector = injectionDetector();
  const isFlagged = (text: string) => detector.find(text, new TimeBudget(60_000), () => fold(text)).length > 0;
  const benign = benignDescriptions(random, 5000);
  const flagged = benign.filter(isFlagged);
  const missed = attacks.filter((text) => !isFlagged(text));
  say(
    `injection: ${flagged.length} of ${benign.length} honest descriptions flagged; ${attacks.length - missed.length} of ${attacks.length} attacks found`,
  );
  if (values.show) for (const text of [...new Set(flagged), ...missed]) say(`  ${JSON.stringify(text)}`);
}

async function read(folder: string): Promise<readonly Sample[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.jsonl')).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => SampleLine.parse(JSON.parse(line))),
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
