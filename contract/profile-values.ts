// From what IT wrote to the settings in force: a pure function, key by key, so that one bad value never takes the others down.
// Doubt is strict: a bad value keeps the last good one, else the strictest the setting knows, and is said aloud as a finding.
import type { z } from 'zod';
import { duplicateKeys } from './duplicate-key.ts';
import type { Finding } from './finding.ts';
import { SettingName, settingNames, settingOf } from './profile.ts';
import type { Profile, ProfileSource, ProfileValues } from './profile.ts';

export interface ProfileProblem {
  readonly code: Extract<Finding['code'], 'profile_invalid' | 'profile_unknown_key'>;
  readonly setting: string;
  /** What exactly, without the value: it may be a secret. */
  readonly detail: string;
  /** Set where no good value was ever seen and the setting has no strict one: what depends on it must refuse. */
  readonly broken?: SettingName;
}
interface ParsedValues {
  readonly values: ProfileValues;
  readonly problems: readonly ProfileProblem[];
}

/**
 * Parses an object of settings. `lastGood`: the values of the reading before, for the keys that are bad now. `twice`: paths of keys that the text says twice;
 * which of the two was meant nobody knows, so such a setting is not valid.
 */
export function parseValues(
  raw: Readonly<Record<string, unknown>>,
  lastGood: ProfileValues,
  twice: readonly (readonly string[])[] = [],
): ParsedValues {
  const values: Record<string, unknown> = {};
  const problems: ProfileProblem[] = [];
  for (const [key, value] of Object.entries(raw)) {
    if (key === '$schema') continue;
    const name = SettingName.safeParse(key);
    if (!name.success) {
      problems.push({ code: 'profile_unknown_key', setting: key.slice(0, 80), detail: suggestion(key) });
      continue;
    }
    const parsed = parseValue(name.data, value, twice);
    if ('value' in parsed) values[name.data] = parsed.value;
    else {
      const kept = lastGood[name.data] ?? settingOf(name.data).whenInvalid;
      if (kept !== undefined) values[name.data] = kept;
      const broken = kept === undefined ? { broken: name.data } : {};
      problems.push({ code: 'profile_invalid', setting: name.data, detail: parsed.problem, ...broken });
    }
  }
  return { values: values as ProfileValues, problems };
}

/** The settings in force: the first source that sets a key wins; then the default. */
export function mergeValues(layers: readonly { readonly source: ProfileSource; readonly values: ProfileValues }[]): {
  readonly profile: Profile;
  readonly origins: ReadonlyMap<SettingName, ProfileSource>;
} {
  const merged: Record<string, unknown> = {};
  const origins = new Map<SettingName, ProfileSource>();
  for (const name of settingNames) {
    const layer = layers.find((candidate) => candidate.values[name] !== undefined);
    const value = layer ? layer.values[name] : settingOf(name).default;
    if (value === undefined) continue;
    merged[name] = value;
    origins.set(name, layer ? layer.source : 'default');
  }
  return { profile: merged as Profile, origins };
}

type ParsedValue = { readonly value: unknown } | { readonly problem: string };

/** MDMs that push only strings are common: JSON text, digits and "true" are read as what the setting wants. */
function parseValue(name: SettingName, value: unknown, twice: readonly (readonly string[])[]): ParsedValue {
  const { schema, kind } = settingOf(name);
  const said = twice.find(([setting]) => setting === name);
  if (said) return { problem: saidTwice(said) };
  const direct = schema.safeParse(value);
  if (direct.success || typeof value !== 'string' || kind === 'string' || kind === 'choice') return outcome(direct);
  try {
    const inner = outcome(schema.safeParse(JSON.parse(value)));
    const [inside] = duplicateKeys(value);
    return inside ? { problem: saidTwice([name, ...inside]) } : inner;
  } catch {
    return outcome(direct);
  }
}

function outcome(parsed: z.ZodSafeParseResult<unknown>): ParsedValue {
  return parsed.success ? { value: parsed.data } : { problem: words(parsed.error) };
}

/** In a form that a terminal can't take for a command. */
function saidTwice(path: readonly string[]): string {
  return `the key ${JSON.stringify(path.join('.')).slice(0, 200)} stands there twice`;
}

/** Zod's words name the place and what is accepted; they never repeat the input. */
function words(error: z.ZodError): string {
  const [first] = error.issues;
  if (!first) return 'not valid';
  const place = first.path.length > 0 ? `at ${first.path.map(String).join('.')}: ` : '';
  return `${place}${first.message}`.slice(0, 300);
}

function suggestion(key: string): string {
  let nearest: { name: string; distance: number } | undefined;
  for (const name of settingNames) {
    const distance = editDistance(key.slice(0, 80).toLowerCase(), name.toLowerCase());
    if (!nearest || distance < nearest.distance) nearest = { name, distance };
  }
  return nearest && nearest.distance <= 4 ? `did you mean ${nearest.name}?` : 'no setting has a similar name';
}

/** Levenshtein distance, one row at a time. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
