// One of a few words: a drop-down list on Windows, an enumeration elsewhere.
import type { SettingSource } from '../source.ts';
import { element } from '../xml.ts';
import type { ValueForm } from './form.ts';

export const choiceForm: ValueForm = {
  registryType: 'REG_SZ',
  words: (setting) =>
    `one of ${optionsOf(setting)
      .map((option) => `\`${option}\``)
      .join(', ')}`,
  admx: (setting) => ({
    attributes: {},
    children: [
      element('elements', {}, [
        element(
          'enum',
          { id: setting.name, valueName: setting.name, required: 'true' },
          optionsOf(setting).map((option) =>
            element('item', { displayName: `$(string.${stringId(setting, option)})` }, [
              element('value', {}, [element('string', {}, option)]),
            ]),
          ),
        ),
      ]),
    ],
  }),
  presentation: (setting) => [
    element(
      'dropdownList',
      {
        refId: setting.name,
        noSort: 'true',
        defaultItem: String(Math.max(0, optionsOf(setting).indexOf(String(setting.sample)))),
      },
      setting.title,
    ),
  ],
  strings: (setting) => optionsOf(setting).map((option) => [stringId(setting, option), option]),
  jamf: (setting) => ({ type: 'string', enum: optionsOf(setting) }),
};

/** The words, in the order of the table. */
function optionsOf({ name, schema }: SettingSource): readonly string[] {
  const each = schema.enum ?? schema.anyOf?.map((one) => one.const);
  const words = each?.filter((one) => typeof one === 'string') ?? [];
  if (words.length === 0 || words.length !== each?.length) throw new Error(`${name}: a choice must be an enumeration of strings`);
  return words;
}

function stringId({ name }: SettingSource, option: string): string {
  return `${name}_${option.replaceAll(/[^a-zA-Z0-9]/g, '_')}`;
}
