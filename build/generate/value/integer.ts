// A whole number: REG_DWORD on Windows, so between 0 and 2^32-1 there, whatever the schema allows elsewhere.
import type { SettingSource } from '../source.ts';
import { element } from '../xml.ts';
import type { ValueForm } from './form.ts';

const dwordMaximum = 4_294_967_295;

export const integerForm: ValueForm = {
  registryType: 'REG_DWORD',
  words: (setting) => {
    const { minimum, maximum } = rangeOf(setting);
    return maximum === dwordMaximum ? `integer from ${minimum}` : `integer from ${minimum} to ${maximum}`;
  },
  admx: (setting) => {
    const { minimum, maximum } = rangeOf(setting);
    const limits = { minValue: String(minimum), maxValue: String(maximum) };
    const { name } = setting;
    return {
      attributes: {},
      children: [element('elements', {}, [element('decimal', { id: name, valueName: name, required: 'true', ...limits })])],
    };
  },
  presentation: (setting) => {
    const { sample, name, title } = setting;
    const value = typeof sample === 'number' ? sample : rangeOf(setting).minimum;
    return [element('decimalTextBox', { refId: name, defaultValue: String(value) }, title)];
  },
  strings: () => [],
  jamf: (setting) => {
    const { minimum, maximum } = rangeOf(setting);
    return { type: 'integer', minimum, ...(maximum === dwordMaximum ? {} : { maximum }) };
  },
};

function rangeOf({ name, schema }: SettingSource): { readonly minimum: number; readonly maximum: number } {
  const minimum = Math.max(0, schema.minimum ?? 0);
  const maximum = Math.min(dwordMaximum, schema.maximum ?? dwordMaximum);
  if (minimum > maximum) throw new Error(`${name}: no value of it fits the Windows registry`);
  return { minimum, maximum };
}
