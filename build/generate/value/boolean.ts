// On or off: the policy's own Enabled and Disabled on Windows, as REG_DWORD 1 and 0.
import { element } from '../xml.ts';
import type { ValueForm } from './form.ts';

const decimal = (value: '0' | '1') => element('decimal', { value });

export const booleanForm: ValueForm = {
  registryType: 'REG_DWORD',
  words: () => '`true` or `false`',
  admx: ({ name }) => ({
    attributes: { valueName: name },
    children: [element('enabledValue', {}, [decimal('1')]), element('disabledValue', {}, [decimal('0')])],
  }),
  presentation: () => [],
  strings: () => [],
  jamf: () => ({ type: 'boolean' }),
};
