// The profile in force: read from root's file or from the one that --profile names, every value with its origin, everything odd as a finding.
// Rule: where IT's own file is in force, --profile adds nothing and changes nothing.
import { createHash } from 'node:crypto';
import type { Finding } from '#contract/finding.ts';
import { mergeValues, parseValues } from '#contract/profile-values.ts';
import type { Profile, ProfileSource, ProfileValues, SettingName } from '#contract/profile.ts';
import { systemProfileOnLinux } from './linux.ts';
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
  /** The file in force; absent where there is none. */
  readonly file?: string;
  /** SHA-256 of its bytes. */
  readonly hash?: string;
}

export interface ProfileOptions {
  readonly platform: NodeJS.Platform;
  /** The user's id, -1 on Windows. */
  readonly uid: number;
  /** The file of --profile. */
  readonly file?: string | undefined;
  /** Root's file where it isn't in the platform's place; a test's. */
  readonly systemFile?: string | undefined;
}

/** Reads it all anew. `before`: the reading that was in force, whose good values stand in for bad ones. Never rejects for what a file holds. */
export async function readProfile(options: ProfileOptions, before?: ProfileReading): Promise<ProfileReading> {
  const findings: Finding[] = [];
  const system = options.systemFile ?? systemProfile(options.platform);
  const first = await readLayer(system, 'system', options, before, findings);
  const named = options.file === undefined ? undefined : await readNamed(options.file, first, options, before, findings);
  const layer = first ?? named;
  const { profile, origins } = mergeValues(layer ? [layer] : []);
  return {
    profile,
    origins,
    findings,
    broken: layer ? layer.broken : new Set(),
    ...(layer ? { file: layer.file, hash: layer.hash } : {}),
  };
}

/** The files to watch for changes. */
export function profileFiles(options: ProfileOptions): readonly string[] {
  const system = options.systemFile ?? systemProfile(options.platform);
  return options.file === undefined ? [system] : [system, options.file];
}

interface Layer {
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
    return undefined;
  }
  const source: ProfileSource = trust === 'system' ? 'file' : 'user';
  const hash = createHash('sha256').update(read.bytes).digest('hex');
  const lastGood = before?.file === file ? setValues(before) : {};
  const raw = parseObject(read.bytes);
  if (typeof raw === 'string') {
    findings.push({ code: 'profile_invalid', path: file, detail: raw });
    // an unreadable file still is in force: what it denied before stays denied, and --profile does not step into its place
    return { source, values: lastGood, broken: before?.file === file ? before.broken : new Set(), file, hash };
  }
  const { values, problems } = parseValues(raw, lastGood);
  findings.push(...problems.map(({ code, setting, detail }): Finding => ({ code, path: file, setting, detail })));
  const broken = problems.flatMap(({ broken: name }) => (name === undefined ? [] : [name]));
  return { source, values, broken: new Set(broken), file, hash };
}

/** What was set by a file, without the defaults. */
function setValues({ profile, origins }: ProfileReading): ProfileValues {
  const set = [...origins].filter(([, source]) => source !== 'default');
  return Object.fromEntries(set.map(([name]) => [name, profile[name]]));
}

function parseObject(bytes: Buffer): Readonly<Record<string, unknown>> | string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
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
