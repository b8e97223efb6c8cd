// What in a config is a secret: values of environment and header maps, arguments after a telling flag, and whatever looks like a credential anywhere, comments
// included. Too much is sealed rather than too little.
import type { HostSpec } from '#contract/host.ts';
import type { Leaf, RawEntry, Span } from './edit/edit.ts';

const tellingName =
  /(?:token|secret|passw|pwd|api[-_]?key|access[-_]?key|private|credential|authorization|bearer|cookie|session)/i;
const tellingFlag = /^--?[\w-]*(?:token|secret|passw|pwd|key|credential|auth|bearer|cookie|header)[\w-]*$/i;
/** Anywhere in a text: a shell's own line and a connection string hold several. Bounded, so that a long word costs no more than its length. */
const tellingAssignment = /(?<![\w-])[-\w]{0,60}?(?:token|secret|passw|pwd|key|credential|auth|bearer|cookie)[-\w]{0,60}[=:]\S/i;

/** Shapes of credentials. Each is linear: no nested repetition; and bounded, for a repetition of millions (an image as text) fills V8's stack. */
const lookalikes: readonly RegExp[] = [
  /\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{12,4096}/g,
  /\b(?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-|hf_|xox[a-z]-|shpat_|dop_v1_|lin_api_|ya29\.|AIza|AKIA|ASIA)[A-Za-z0-9_.-]{10,4096}/g,
  /\beyJ[A-Za-z0-9_-]{10,4096}(?:\.[A-Za-z0-9_-]{0,4096}){0,2}/g,
  /\b(?:bearer|basic)[ \t]{1,9}[A-Za-z0-9._~+/=-]{8,4096}/gi,
  /-----BEGIN [A-Z ]{0,50}PRIVATE KEY-----/g,
  /(?<=:\/\/)[^\s"'/@]{1,4096}@/g,
  /(?<=[?&][\w-]{0,40}(?:token|secret|passw|pwd|key|credential|auth|sig|code)[\w-]{0,40}=)[^\s"'&#]{1,4096}/gi,
];
/** A long run of letters and digits, mixed as no word is. */
const run = /[A-Za-z0-9_+=-]{24,4096}/g;

type Shape = Pick<HostSpec, 'stdio' | 'remote'>;

/** Spans of everything secret in the text, in order, without overlap. */
export function secretSpans(text: string, spec: Shape, entries: readonly RawEntry[]): readonly Span[] {
  const known = entries.flatMap((entry) => secretLeaves(spec, entry.leaves));
  const spans: Span[] = known.map((leaf) => leaf.span);
  for (const pattern of lookalikes) for (const match of text.matchAll(pattern)) spans.push(spanOf(match));
  for (const match of text.matchAll(run)) if (isRandom(match[0])) spans.push(spanOf(match));
  const values = textsIn(text, spans.slice(0, known.length));
  return alsoAt(text, spans, values);
}

/** What the spans cover, quotes left out. */
export function textsIn(text: string, spans: readonly Span[]): readonly string[] {
  return spans.map((span) => bareText(text, span));
}

/** The spans with every further place where one of these texts stands: a comment may repeat a secret that is no longer where it was. */
export function alsoAt(text: string, spans: readonly Span[], values: readonly string[]): readonly Span[] {
  return merged([...spans, ...occurrences(text, values)]);
}

const shortest = 8;

/**
 * Short texts are left out: they stand everywhere, and say little. One pass, whatever the number of values: an image in a config is tens of thousands of
 * runs that look like secrets, and to search for each of them would take hours.
 */
function occurrences(text: string, values: readonly string[]): readonly Span[] {
  /** `from`: where the value may be found next, for it is not looked for in itself. */
  const byStart = new Map<number, { readonly value: string; from: number }[]>();
  for (const value of new Set(values)) {
    if (value.length < shortest) continue;
    const start = startOf(value, 0);
    byStart.set(start, [...(byStart.get(start) ?? []), { value, from: 0 }]);
  }
  const spans: Span[] = [];
  if (byStart.size === 0) return spans;
  for (let at = 0; at + shortest <= text.length; at++)
    for (const known of byStart.get(startOf(text, at)) ?? []) {
      if (at < known.from || !text.startsWith(known.value, at)) continue;
      known.from = at + known.value.length;
      spans.push({ start: at, end: known.from });
    }
  return spans;
}

/** A hash of the characters with which a value, or a place, begins. */
function startOf(text: string, at: number): number {
  let hash = 0;
  for (let next = at; next < at + shortest; next++) hash = (Math.imul(hash, 31) + text.charCodeAt(next)) | 0;
  return hash;
}

/** Whether a text by itself looks like a credential. */
export function looksSecret(text: string): boolean {
  if (tellingAssignment.test(text)) return true;
  if (lookalikes.some((pattern) => text.search(pattern) !== -1)) return true;
  return [...text.matchAll(run)].some((match) => isRandom(match[0]));
}

function secretLeaves(spec: Shape, leaves: readonly Leaf[]): readonly Leaf[] {
  const maps = new Set<unknown>([spec.stdio.env, ...spec.remote.headers]);
  const listed = new Set<unknown>([spec.stdio.args, spec.stdio.command]);
  return leaves.filter((leaf, index) => {
    const [first, second] = leaf.path;
    if (maps.has(first) && leaf.path.length > 1) return true;
    if (leaf.path.some((key) => typeof key === 'string' && tellingName.test(key))) return true;
    if (typeof leaf.value !== 'string') return false;
    const before = leaves[index - 1];
    const flag = typeof second === 'number' && before && before.path[0] === first ? before.value : undefined;
    if (listed.has(first) && typeof flag === 'string' && tellingFlag.test(flag)) return true;
    return listed.has(first) && looksSecret(leaf.value);
  });
}

function isRandom(text: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/].filter((kind) => kind.test(text)).length;
  return kinds >= 2 && /[0-9]/.test(text) && new Set(text).size >= 10;
}

function spanOf(match: RegExpExecArray): Span {
  return { start: match.index, end: match.index + match[0].length };
}

function bareText(text: string, { start, end }: Span): string {
  return text.slice(start, end).replace(/^["']+|["']+$/g, '');
}

function merged(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1);
    if (last && span.start < last.end) result[result.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    else if (span.end > span.start) result.push(span);
  }
  return result;
}
