// Why is this setting so? Each setting with its value, where it came from, its default and its help: for `drawbridge profile explain` and the state.
// Rule: a value is shown as IT wrote it, but environment values of local servers never.
import { settingNames, settingOf } from '#contract/profile.ts';
import type { ProfileSource, SettingName } from '#contract/profile.ts';
import type { ProfileReading } from './read.ts';

export interface ExplainedSetting {
  readonly name: SettingName;
  /** Absent where it is not set and has no default. */
  readonly value?: unknown;
  readonly source: ProfileSource | 'unset';
  /** What a profile says of it is not valid: the value is another one, or there is none. */
  readonly isInvalid: boolean;
  readonly default?: unknown;
  readonly title: string;
  readonly help: string;
  readonly since: string;
}

const sourceWords: Readonly<Record<ExplainedSetting['source'], string>> = {
  mdm: 'managed preferences',
  file: "IT's profile",
  user: '--profile',
  default: 'default',
  unset: 'not set',
};

/** Every setting, in the order of the table. */
export function explain({ profile, origins, findings }: ProfileReading): readonly ExplainedSetting[] {
  const invalid = new Set(findings.flatMap(({ code, setting }) => (code === 'profile_invalid' ? (setting ?? []) : [])));
  return settingNames.map((name) => {
    const { title, help, since, default: fallback } = settingOf(name);
    const value = shown(name, profile[name]);
    return {
      name,
      ...(value === undefined ? {} : { value }),
      source: origins.get(name) ?? 'unset',
      isInvalid: invalid.has(name),
      ...(fallback === undefined ? {} : { default: fallback }),
      title,
      help,
      since,
    };
  });
}

const shortLimit = 300;

/** The values in force as short text, for a window: of structured ones what they name, never command lines, which may hold a secret. */
export function shortValues({ profile }: ProfileReading): Partial<Record<SettingName, string>> {
  return Object.fromEntries(
    settingNames.flatMap((name): [string, string][] => {
      const value = profile[name];
      return value === undefined ? [] : [[name, shortened(name, value).slice(0, shortLimit)]];
    }),
  );
}

function shortened(name: SettingName, value: unknown): string {
  if (name === 'AllowedLocalServerCommands' || name === 'DeniedLocalServerCommands')
    return Array.isArray(value) ? `${value.length} ${value.length === 1 ? 'rule' : 'rules'}` : '';
  if (typeof value === 'string') return value.replace(/:\/\/[^/@]*@/, '://[secret]@');
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'object' && value !== null) return Object.keys(value).join(', ');
  return String(value);
}

/** The explanation as text for a terminal. */
export function explainInWords(reading: ProfileReading): string {
  const head = reading.file === undefined ? 'No profile file is in force.' : `Profile: ${reading.file}`;
  const odd = reading.findings.map((finding) =>
    ['!', finding.code, finding.setting ?? finding.path, finding.detail].filter(Boolean).join(' '),
  );
  const settings = explain(reading).map((setting) =>
    [
      `${setting.name} = ${setting.value === undefined ? '(not set)' : JSON.stringify(setting.value)}   [${originWords(setting)}]`,
      ...(setting.default === undefined || setting.source === 'default' ? [] : [`  default: ${JSON.stringify(setting.default)}`]),
      `  ${setting.help}`,
    ].join('\n'),
  );
  return [head, ...odd, '', ...settings].join('\n') + '\n';
}

function originWords({ source, value, isInvalid }: ExplainedSetting): string {
  const from = sourceWords[source];
  if (!isInvalid) return from;
  return `${from}: ${value === undefined ? 'what the profile says is not valid' : 'not valid, this stands in for it'}`;
}

function shown(name: SettingName, value: unknown): unknown {
  if (name !== 'LocalServers' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([server, line]: [string, unknown]) => [
      server,
      hasEnv(line) ? { ...line, env: Object.fromEntries(Object.keys(line.env).map((key) => [key, '[secret]'])) } : line,
    ]),
  );
}

function hasEnv(line: unknown): line is { readonly env: Readonly<Record<string, unknown>> } {
  return typeof line === 'object' && line !== null && 'env' in line && typeof line.env === 'object' && line.env !== null;
}
