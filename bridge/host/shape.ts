// What an entry of a host's config means, in the host's own spelling: a program, a URL, our shim, or nothing usable. Pure. Doubt counts as a program or a
// URL, never as unusable, because what is unusable is left alone.
import { basename } from 'node:path';
import type { HostSpec } from '#contract/host.ts';
import { Slug } from '#contract/id.ts';
import type { NewEntry } from './edit/edit.ts';
import { isPlain } from './edit/verify.ts';
import { looksSecret } from './secret.ts';

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
 * `shim`: an exact `connect` entry of ours. `tampered`: one that was ours, or pretends to be. `gateway`: nothing but URLs of our gateway. `code`: a program
 * whose text stands in the entry.
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
  /** Empty while it is not known. */
  readonly gatewayOrigin: string;
  /** Slug of the gateway. */
  readonly gateway: string;
  readonly home: string;
}

/** The entry that a host gets instead of a program of its own. */
export function shimOf(ours: Ours, host: string, server: string): Shim {
  return { command: ours.launcher, args: ['connect', '--host', host, addressAt(ours, server)] };
}

/** The address of one server of the gateway, or of all of them. */
export function addressAt({ gatewayOrigin, gateway }: Ours, server?: string): string {
  return `${gatewayOrigin}/g/${gateway}/${server === undefined ? '' : `s/${server}/`}mcp`;
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

/** The edit that makes an entry a URL of the gateway and nothing else that says how to start or reach a server: no header, no credential. */
export function urlEntry(spec: HostSpec, url: string, old: unknown): NewEntry {
  const there = isPlain(old) ? Object.keys(old) : [];
  return { set: urlFields(spec, url), drop: foreignFields(spec).filter((field) => there.includes(field)) };
}

/** What an entry of ours with this URL is made of. */
export function urlFields(spec: HostSpec, url: string): readonly (readonly [name: string, value: string])[] {
  const { own } = spec.remote;
  if (own === undefined) throw new Error(`${spec.id} has no URL entries`);
  return [...(own.type ? [[own.type.field, own.type.value] as const] : []), [own.url, url]];
}

/** Whether the entry is ours with this URL, exactly. */
export function isUrlEntry(spec: HostSpec, value: unknown, url: string): boolean {
  if (spec.remote.own === undefined || !isPlain(value)) return false;
  return (
    urlFields(spec, url).every(([name, of]) => value[name] === of) &&
    foreignFields(spec).every((field) => !Object.hasOwn(value, field))
  );
}

/** Fields that have no place in a URL entry of ours. */
function foreignFields(spec: HostSpec): readonly string[] {
  const { command, args, type } = spec.stdio;
  const own = spec.remote.own && [spec.remote.own.url, spec.remote.own.type?.field];
  const all = [command, args, type?.field, ...launchFields(spec)].filter((field) => field !== undefined);
  return all.filter((field) => own?.includes(field) !== true);
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
  const urls = spec.remote.urls.map((field) => value[field]).filter((text) => typeof text === 'string');
  const url = urls.find((text) => !isOfGateway(text, ours)) ?? urls[0];
  const { type } = spec.stdio;
  const said = type ? value[type.field] : undefined;
  if (typeof said === 'string' && type?.others?.includes(said) === true) return { kind: 'other' };
  const started = lineOf(spec, value);
  const saysRemote = typeof said === 'string' && said !== type?.value && url !== undefined;
  // Beside a URL of the gateway no program passes: which of the two a host takes is its own affair.
  const line = saysRemote && !isOfGateway(url, ours) ? undefined : started;
  if (line && isShimLike(line, ours)) {
    const isExact = line.command === expected.command && sameList(line.args, expected.args);
    const isBare = launchFields(spec).every((field) => !Object.hasOwn(value, field));
    return { kind: isExact && isBare ? 'shim' : 'tampered' };
  }
  if (line) return { kind: 'stdio', line };
  if (url === undefined)
    return { kind: spec.stdio.code !== undefined && Object.hasOwn(value, spec.stdio.code) ? 'code' : 'other' };
  return { kind: isOfGateway(url, ours) ? 'gateway' : 'remote', url };
}

/**
 * Whether it is an address of our gateway, letter by letter as we write it: hosts read addresses each in their own way, so one that is spelled differently may
 * lead somewhere else.
 */
function isOfGateway(url: string, ours: Ours): boolean {
  if (ours.gatewayOrigin === '') return false;
  const server = /\/s\/([^/]*)\/mcp$/.exec(url)?.[1];
  return url === addressAt(ours, server) && (server === undefined || Slug.safeParse(server).success);
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

/** Who is named in findings: a program by its base name, a URL by its host. Never more, for the rest may hold secrets. */
export function addressOf(meaning: Meaning): string | undefined {
  if (meaning.kind === 'stdio') return programOf(meaning.line.command);
  if (meaning.kind === 'remote' || meaning.kind === 'gateway') return URL.parse(meaning.url)?.host.slice(0, 255);
  return undefined;
}

/**
 * The base name of a program; undefined where it looks like a credential, for everybody on the device may read it. A whole command line may stand where the
 * command belongs: only what comes before its first option is looked at.
 */
export function programOf(command: string): string | undefined {
  const option = command.search(/\s-/);
  const program = option === -1 ? command : command.slice(0, option).trimEnd();
  const name = basename(program.replaceAll('\\', '/')).slice(0, 100);
  return looksSecret(name) ? undefined : name;
}
