// The profile in force: what an MDM forces, over root's file, or else the file that --profile names. Every value with its origin, everything odd as a finding.
// Rule: where IT's own word is in force, --profile adds nothing and changes nothing.
import { createHash } from 'node:crypto';
import { duplicateKeys } from '#contract/duplicate-key.ts';
import type { Finding } from '#contract/finding.ts';
import { mergeValues, parseValues } from '#contract/profile-values.ts';
import type { Profile, ProfileSource, ProfileValues, SettingName } from '#contract/profile.ts';
import { systemProfileOnLinux } from './linux.ts';
import { readManaged } from './managed.ts';
import type { ManagedPlace } from './managed.ts';
import { systemProfileOnMacos } from './macos.ts';
import { readTrusted } from './trust.ts';
import type { Trust } from './trust.ts';
import { systemProfileOnWindows } from './windows.ts';

export interface ProfileReading {
  readonly profile: Profile;
  /** Where each value came from; a setting without one is not set and has no default. */
  readonly origins: ReadonlyMap<SettingName, ProfileSource>;
  readonly findings: readonly Finding[];
  /** Settings whose value is not valid now and of which no good value was ever seen. What depends on them must refuse. */
  readonly broken: ReadonlySet<SettingName>;
  /** Where the first source lies that is in force; absent where there is none. */
  readonly file?: string;
  /** SHA-256 of what all of them hold. */
  readonly hash?: string;
  /** The sources that are in force, for the next reading. */
  readonly layers: readonly Layer[];
}

/** `uid` is -1 on Windows. */
export interface ProfileOptions extends ManagedPlace {
  /** The file of --profile. */
  readonly file?: string | undefined;
  /** Root's file where it isn't in the platform's place; a test's. */
  readonly systemFile?: string | undefined;
}

/** Reads it all anew. `before`: the reading that was in force, whose good values stand in for bad ones. Never rejects for what a file holds. */
export async function readProfile(options: ProfileOptions, before?: ProfileReading): Promise<ProfileReading> {
  const findings: Finding[] = [];
  const managed = await readManagedLayer(options, before, findings);
  const system = options.systemFile ?? systemProfile(options.platform);
  const first = await readLayer(system, 'system', options, before, findings);
  const named =
    options.file === undefined ? undefined : await readNamed(options.file, first ?? managed, options, before, findings);
  const layers = [managed, first ?? named].filter((layer) => layer !== undefined);
  const { profile, origins } = mergeValues(layers);
  const [highest] = layers;
  return {
    profile,
    origins,
    findings,
    broken: new Set(layers.flatMap(({ broken }) => [...broken])),
    ...(highest ? { file: highest.file, hash: hashOf(layers) } : {}),
    layers,
  };
}

/** The files to watch for changes. */
export function profileFiles(options: ProfileOptions): readonly string[] {
  const system = options.systemFile ?? systemProfile(options.platform);
  return options.file === undefined ? [system] : [system, options.file];
}

/** One source with what it set. */
export interface Layer {
  readonly source: ProfileSource;
  readonly values: ProfileValues;
  readonly broken: ReadonlySet<SettingName>;
  readonly file: string;
  readonly hash: string;
}

function systemProfile(platform: NodeJS.Platform): string {
  switch (platform) {
    case 'darwin':
      return systemProfileOnMacos;
    case 'win32':
      return systemProfileOnWindows;
    default:
      return systemProfileOnLinux;
  }
}

async function readManagedLayer(
  options: ProfileOptions,
  before: ProfileReading | undefined,
  findings: Finding[],
): Promise<Layer | undefined> {
  const managed = await readManaged(options);
  if (managed.kind === 'absent') return undefined;
  const { from } = managed;
  if (managed.kind === 'ignored') {
    findings.push({ code: 'profile_ignored', path: from, detail: managed.reason });
    return before?.layers.find(({ source }) => source === 'mdm');
  }
  return layerOf(managed.values, 'mdm', from, createHash('sha256').update(managed.bytes).digest('hex'), before, findings);
}

async function readNamed(
  file: string,
  system: Layer | undefined,
  options: ProfileOptions,
  before: ProfileReading | undefined,
  findings: Finding[],
): Promise<Layer | undefined> {
  if (!system) {
    const layer = await readLayer(file, 'named', options, before, findings);
    if (!layer && !findings.some((finding) => finding.path === file))
      findings.push({ code: 'profile_ignored', path: file, detail: 'there is no such file' });
    return layer;
  }
  if (file !== system.file) findings.push({ code: 'profile_ignored', path: file, detail: `${system.file} is in force` });
  return undefined;
}

async function readLayer(
  file: string,
  trust: Trust,
  options: ProfileOptions,
  before: ProfileReading | undefined,
  findings: Finding[],
): Promise<Layer | undefined> {
  const read = await readTrusted(file, trust, options.uid);
  if (read.kind === 'absent') return undefined;
  if (read.kind === 'ignored') {
    findings.push({ code: 'profile_ignored', path: file, detail: read.reason });
    // a slip with its mode must not open what IT had closed
    return trust === 'system' ? layerBefore(before, file) : undefined;
  }
  const source: ProfileSource = trust === 'system' ? 'file' : 'user';
  const hash = createHash('sha256').update(read.bytes).digest('hex');
  const raw = parseObject(read.bytes);
  if (typeof raw === 'string') {
    findings.push({ code: 'profile_invalid', path: file, detail: raw });
    // an unreadable file still is in force: what it denied before stays denied, and --profile does not step into its place
    const { values, broken } = layerBefore(before, file) ?? { values: {}, broken: new Set<SettingName>() };
    return { source, values, broken, file, hash };
  }
  return layerOf(raw.values, source, file, hash, before, findings, raw.twice);
}

function layerOf(
  raw: Readonly<Record<string, unknown>>,
  source: ProfileSource,
  file: string,
  hash: string,
  before: ProfileReading | undefined,
  findings: Finding[],
  twice: readonly (readonly string[])[] = [],
): Layer {
  const { values, problems } = parseValues(raw, layerBefore(before, file)?.values ?? {}, twice);
  findings.push(...problems.map(({ code, setting, detail }): Finding => ({ code, path: file, setting, detail })));
  const broken = problems.flatMap(({ broken: name }) => (name === undefined ? [] : [name]));
  return { source, values, broken: new Set(broken), file, hash };
}

function layerBefore(before: ProfileReading | undefined, file: string): Layer | undefined {
  return before?.layers.find((layer) => layer.file === file);
}

function hashOf(layers: readonly Layer[]): string {
  const [only, ...others] = layers.map(({ hash }) => hash);
  return only !== undefined && others.length === 0
    ? only
    : createHash('sha256')
        .update(JSON.stringify([only, ...others]))
        .digest('hex');
}

interface ParsedObject {
  readonly values: Readonly<Record<string, unknown>>;
  readonly twice: readonly (readonly string[])[];
}

function parseObject(bytes: Buffer): ParsedObject | string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return { values: value, twice: duplicateKeys(text) };
    return 'it is not a JSON object';
  } catch (error) {
    return error instanceof SyntaxError ? `it is not valid JSON${position(error.message)}` : 'it is not UTF-8 text';
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Only the place: V8's message quotes the text around it, which may hold a secret. */
function position(message: string): string {
  const found = /line (\d+) column (\d+)/.exec(message);
  return found ? ` (line ${found[1]}, column ${found[2]})` : '';
}
