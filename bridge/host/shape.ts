// What an entry of a host's config means, in the host's own spelling: a program, a URL, our shim, or nothing usable. Pure. Doubt counts as a program or a
// URL, never as unusable, because what is unusable is left alone.
import { basename } from 'node:path';
import type { HostSpec } from '#contract/host.ts';
import type { NewEntry } from './edit/edit.ts';
import { isPlain } from './edit/verify.ts';

/** An entry's program, as spelled. `envFile` and `envNames` say where more of its environment comes from. */
export interface StdioLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly envFile?: string;
  readonly envNames?: readonly string[];
  /** Names of values that only the host has. */
  readonly keptNames?: readonly string[];
}

/**
 * `shim`: an exact `connect` entry of ours. `tampered`: one that was ours, or pretends to be. `gateway`: a URL of our gateway. `code`: a program whose text
 * stands in the entry.
 */
export type Meaning =
  | { readonly kind: 'stdio'; readonly line: StdioLine }
  | { readonly kind: 'remote' | 'gateway'; readonly url: string }
  | { readonly kind: 'shim' | 'tampered' | 'code' | 'other' };

export interface Shim {
  readonly command: string;
  readonly args: readonly string[];
}

/** What tells our entries from others'. */
export interface Ours {
  readonly launcher: string;
  readonly gatewayOrigin: string;
  readonly home: string;
}

/** The entry that a host gets instead of a program of its own. */
export function shimOf(ours: Ours, host: string, gateway: string, server: string): Shim {
  return { command: ours.launcher, args: ['connect', '--host', host, `${ours.gatewayOrigin}/g/${gateway}/s/${server}/mcp`] };
}

/** The edit that makes an entry the shim: its command and arguments set, whatever else says how to start or reach a server taken out. */
export function shimEntry(spec: HostSpec, shim: Shim, old: unknown): NewEntry {
  const { command, args, type } = spec.stdio;
  const argv: NewEntry['set'] =
    args === undefined
      ? [[command, [shim.command, ...shim.args]]]
      : [
          [command, shim.command],
          [args, shim.args],
        ];
  const set = type && isPlain(old) && Object.hasOwn(old, type.field) && old[type.field] !== type.value;
  const there = isPlain(old) ? Object.keys(old) : [];
  return {
    set: set ? [...argv, [type.field, type.value]] : argv,
    drop: launchFields(spec).filter((field) => there.includes(field)),
  };
}

/** Fields, besides command and arguments, that say how a server is started or reached. */
function launchFields(spec: HostSpec): readonly string[] {
  const { env, cwd, envFile, envNames, keptNames } = spec.stdio;
  const { urls, headers, others } = spec.remote;
  return [env, cwd, envFile, envNames, keptNames, ...urls, ...headers, ...others].filter((field) => field !== undefined);
}

/** What the entry means; `expected` is the shim that it would be if it were ours. */
export function meaningOf(spec: HostSpec, value: unknown, expected: Shim, ours: Ours): Meaning {
  if (!isPlain(value)) return { kind: 'other' };
  const url = spec.remote.urls.map((field) => value[field]).find((text) => typeof text === 'string');
  const { type } = spec.stdio;
  const said = type ? value[type.field] : undefined;
  if (typeof said === 'string' && type?.others?.includes(said) === true) return { kind: 'other' };
  const saysRemote = typeof said === 'string' && said !== type?.value && url !== undefined;
  const line = saysRemote ? undefined : lineOf(spec, value);
  if (line && isShimLike(line, ours)) {
    const isExact = line.command === expected.command && sameList(line.args, expected.args);
    const isBare = launchFields(spec).every((field) => !Object.hasOwn(value, field));
    return { kind: isExact && isBare ? 'shim' : 'tampered' };
  }
  if (line) return { kind: 'stdio', line };
  if (url === undefined)
    return { kind: spec.stdio.code !== undefined && Object.hasOwn(value, spec.stdio.code) ? 'code' : 'other' };
  return { kind: originOf(url) === ours.gatewayOrigin ? 'gateway' : 'remote', url };
}

function lineOf(spec: HostSpec, value: Readonly<Record<string, unknown>>): StdioLine | undefined {
  const { stdio } = spec;
  const given = value[stdio.command];
  const argv = stdio.args === undefined ? texts(given) : [...texts(given), ...texts(value[stdio.args])];
  const [command, ...args] = argv;
  if (command === undefined || command === '') return undefined;
  const cwd = stdio.cwd && value[stdio.cwd];
  const envFile = stdio.envFile && value[stdio.envFile];
  const envNames = stdio.envNames && value[stdio.envNames];
  const keptNames = stdio.keptNames === undefined ? [] : texts(value[stdio.keptNames]);
  return {
    command,
    args,
    env: environment(value[stdio.env]),
    ...(typeof cwd === 'string' && cwd !== '' && { cwd }),
    ...(typeof envFile === 'string' && envFile !== '' && { envFile }),
    ...(envNames !== undefined && { envNames: texts(envNames) }),
    ...(keptNames.length > 0 && { keptNames }),
  };
}

/** A text, or a list of texts; numbers and booleans count as they are spelled. */
function texts(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((item) => (typeof item === 'string' || isScalar(item) ? [String(item)] : []));
}

function isScalar(value: unknown): value is number | boolean | bigint {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint';
}

function environment(value: unknown): Readonly<Record<string, string>> {
  if (!isPlain(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, of]) =>
      texts(of)
        .slice(0, 1)
        .map((text) => [name, text]),
    ),
  );
}

/** Ours by its program, or by arguments that no other program takes: a stranger's `connect --host` is a program of the user. */
function isShimLike(line: StdioLine, ours: Ours): boolean {
  if (line.command === ours.launcher) return true;
  if (line.args[0] !== 'connect') return false;
  return (
    name(line.command) === name(ours.launcher) ||
    line.args.some((arg) => /^https?:\/\/.*\/g\/[^/]+\/(?:s\/[^/]+\/)?mcp$/.test(arg))
  );
}

function name(path: string): string {
  return basename(path.replaceAll('\\', '/'))
    .replace(/\.(exe|cmd)$/i, '')
    .toLowerCase();
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function originOf(url: string): string | undefined {
  const parsed = URL.parse(url);
  return parsed && !parsed.username && !parsed.password ? parsed.origin : undefined;
}

/** Who is named in findings: a program by its base name, a URL by its host. Never more, for the rest may hold secrets. */
export function addressOf(meaning: Meaning): string | undefined {
  // A whole command line may stand where the command belongs: only what comes before its first option is looked at.
  if (meaning.kind === 'stdio')
    return basename((meaning.line.command.split(/\s+-/)[0] ?? '').replaceAll('\\', '/')).slice(0, 100);
  if (meaning.kind === 'remote' || meaning.kind === 'gateway') return URL.parse(meaning.url)?.host.slice(0, 255);
  return undefined;
}
