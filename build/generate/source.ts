// What everything is generated from, read once out of the contract: the settings as JSON Schema says them, the findings, the version.
// Rule: nothing here is typed a second time. A setting that the formats can't carry is refused here, with its name, and not written half.
import { z } from 'zod';
import { findingCodes, findingOf } from '#contract/finding.ts';
import type { Severity } from '#contract/finding.ts';
import { settingNames, settingOf } from '#contract/profile.ts';
import type { Setting, SettingKind } from '#contract/profile.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface SettingSource {
  readonly name: string;
  readonly kind: SettingKind;
  /** Of the value as people write it in JSON. */
  readonly schema: JsonSchema;
  readonly default?: unknown;
  /** For the samples that IT starts from: the table's, else the default. */
  readonly sample?: unknown;
  readonly title: string;
  readonly help: string;
  readonly since: string;
  /** What a value that is not valid does where no good one was seen before. */
  readonly invalid: string;
}

export interface FindingSource {
  readonly code: string;
  readonly severity: Severity;
  readonly meaning: string;
  readonly action: string;
}

export interface Source {
  readonly settings: readonly SettingSource[];
  readonly findings: readonly FindingSource[];
  readonly version: string;
}

/** The contract as it is. `version`: the product's. */
export function readSource(version: string): Source {
  return {
    settings: settingNames.map((name) => settingSource(name, settingOf(name))),
    findings: findingCodes.map((code) => ({ code, ...findingOf(code) })),
    version,
  };
}

export function settingSource(name: string, setting: Setting): SettingSource {
  // Group Policy Editor takes no other characters in ids
  if (!/^[a-zA-Z0-9_]+$/.test(name)) throw new Error(`${name}: a setting's name may hold a-z, A-Z, 0-9 and _ only`);
  const { kind, title, help, since, default: fallback, example, whenInvalid, invalidMeans } = setting;
  const { $schema: _, ...schema } = z.toJSONSchema(setting.schema, { io: 'input', unrepresentable: 'any' });
  const sample = example ?? fallback;
  return {
    name,
    kind,
    schema,
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(sample === undefined ? {} : { sample }),
    title,
    help,
    since,
    invalid: invalidMeans ?? invalidWords(whenInvalid, fallback),
  };
}

function invalidWords(strict: unknown, fallback: unknown): string {
  if (strict !== undefined) return `It is taken as ${JSON.stringify(strict)}.`;
  return fallback === undefined ? 'It counts as not set.' : 'The default is in force.';
}
