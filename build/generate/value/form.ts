// How one kind of value looks in each format. One module per kind (beside this file) answers; the artifacts only ask.
// Rule: what a form writes, contract/profile-values.ts reads back as the same value.
import { assertNever } from '#contract/assert.ts';
import type { SettingSource } from '../source.ts';
import type { Element } from '../xml.ts';
import { booleanForm } from './boolean.ts';
import { choiceForm } from './choice.ts';
import { integerForm } from './integer.ts';
import { stringForm } from './string.ts';
import { structuredForm } from './structured.ts';

export interface ValueForm {
  /** For people: the kind and what limits it. */
  words(setting: SettingSource): string;
  /** The type of its value in the Windows registry. */
  readonly registryType: 'REG_SZ' | 'REG_DWORD' | 'REG_MULTI_SZ';
  /** ADMX: what stands in the policy after its category and supportedOn. `attributes` go to the policy itself. */
  admx(setting: SettingSource): { readonly attributes: Readonly<Record<string, string>>; readonly children: readonly Element[] };
  /** ADML: the fields of the policy's window; none where on and off say it all. */
  presentation(setting: SettingSource): readonly Element[];
  /** ADML: more strings, id -> text. */
  strings(setting: SettingSource): readonly (readonly [string, string])[];
  /** Jamf Pro: the property's schema, without title and description. */
  jamf(setting: SettingSource): Readonly<Record<string, unknown>>;
}

export function formOf(setting: SettingSource): ValueForm {
  switch (setting.kind) {
    case 'string':
      return stringForm;
    case 'choice':
      return choiceForm;
    case 'integer':
      return integerForm;
    case 'boolean':
      return booleanForm;
    case 'structured':
      return structuredForm;
    default:
      return assertNever(setting.kind);
  }
}
