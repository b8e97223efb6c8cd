// Values that an entry leaves to its host, such as `${input:token}`: which of them an entry needs, and those that we can fill in ourselves. Pure.
// Rule: an entry that needs what only its host knows is never moved, for it could not run;
// and none is written that its host would read otherwise than it is meant.
import type { HostSpec } from '#contract/host.ts';
import type { StdioLine } from './shape.ts';

/**
 * How each kind is written; the name stands in the first group that took part. No name holds the start of another, so that a text full of beginnings without an
 * end costs no more than its length: a cloned repository may bring one.
 */
const patterns: Readonly<Record<Exclude<HostSpec['variables'], 'none'>, RegExp>> = {
  braces: /\$\{([^}$]*(?:\$(?!\{)[^}$]*)*)\}/g,
  dollar: /\$(?:\{([^}$]*(?:\$(?!\{)[^}$]*)*)\}|(\w+))/g,
  curly: /\{((?:env|file):[^{}]*(?:\{(?!env:|file:)[^{}]*)*)\}/g,
};
const homeNames: ReadonlySet<string> = new Set(['userHome', 'HOME', 'env:HOME']);

/** What in these texts the host would fill in, as it stands there. None of the hosts has a way to say that such a text is meant as it is. */
export function replacedIn(spec: HostSpec, texts: readonly string[]): readonly string[] {
  if (spec.variables === 'none') return [];
  const pattern = patterns[spec.variables];
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([whole]) => whole)))];
}

/** Names of the variables that only the host can fill in; empty where the line can run without it. */
export function variablesIn(spec: HostSpec, line: StdioLine): readonly string[] {
  const kept = line.keptNames ?? [];
  if (spec.variables === 'none') return kept;
  const pattern = patterns[spec.variables];
  const all = [line.command, ...line.args, ...Object.values(line.env), line.cwd ?? '', line.envFile ?? ''];
  const names = all.flatMap((text) => [...text.matchAll(pattern)].map(([, inside, bare]) => inside ?? bare ?? ''));
  return [...new Set([...kept, ...names.filter((name) => !homeNames.has(name))])];
}

/** The line with what we can fill in ourselves: the home. */
export function filledIn(spec: HostSpec, line: StdioLine, home: string): StdioLine {
  if (spec.variables === 'none') return line;
  const pattern = patterns[spec.variables];
  const fill = (text: string): string =>
    text.replaceAll(pattern, (whole: string, inside?: string, bare?: string) =>
      homeNames.has(inside ?? bare ?? '') ? home : whole,
    );
  return {
    ...line,
    command: fill(line.command),
    args: line.args.map(fill),
    env: Object.fromEntries(Object.entries(line.env).map(([key, value]) => [key, fill(value)])),
    ...(line.cwd !== undefined && { cwd: fill(line.cwd) }),
    ...(line.envFile !== undefined && { envFile: fill(line.envFile) }),
  };
}
