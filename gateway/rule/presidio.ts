// The contract of a Presidio analyzer (POST /analyze): texts go there, and what of them is what comes back. One question carries all texts of a message.
// The rule: places are counted in code points there and in UTF-16 here; an answer that points outside of its text is none.
import { z } from 'zod';
import { failed } from './engine.ts';
import { type Match, withoutOverlaps } from './match.ts';

const Found = z.looseObject({
  start: z.number().int().min(0),
  end: z.number().int().min(0),
  score: z.number(),
  entity_type: z.string().regex(/^[A-Z0-9_]{1,60}$/),
});
const Answer = z.array(z.array(Found).max(100_000));

export function analyzeRequest(
  texts: readonly string[],
  language: string,
  { types, threshold }: { readonly types: readonly string[] | undefined; readonly threshold: number },
): Buffer {
  return Buffer.from(JSON.stringify({ text: texts, language, score_threshold: threshold, ...(types && { entities: types }) }));
}

/** Throws ENGINE_FAILED. */
export function readAnalysis(
  engine: string,
  body: Buffer,
  texts: readonly string[],
  threshold: number,
): readonly (readonly Match[])[] {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw failed(engine, 'its answer is no JSON', cause);
  }
  const read = Answer.safeParse(value);
  if (!read.success || read.data.length !== texts.length) throw failed(engine, 'its answer is not one list for each text');
  return texts.map((text, index) => {
    const found = (read.data[index] ?? []).filter(({ score }) => score >= threshold);
    if (found.length === 0) return [];
    const units = unitsOf(text);
    return withoutOverlaps(
      found.map(({ start, end, entity_type: type }) => {
        const [from, to] = [units(start), units(end)];
        if (from === undefined || to === undefined || from >= to) throw failed(engine, 'it points outside of a text');
        return { start: from, end: to, type };
      }),
    );
  });
}

/** Where the code point of a number stands. */
function unitsOf(text: string): (point: number) => number | undefined {
  if (!/[\ud800-\udfff]/.test(text)) return (point) => (point <= text.length ? point : undefined);
  const starts: number[] = [];
  let at = 0;
  for (const character of text) {
    starts.push(at);
    at += character.length;
  }
  starts.push(at);
  return (point) => starts[point];
}
