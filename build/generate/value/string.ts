// A string: as it is everywhere.
import type { ValueForm } from './form.ts';
import { element } from '../xml.ts';

export const stringForm: ValueForm = {
  registryType: 'REG_SZ',
  words: ({ schema: { format, maxLength, pattern } }) =>
    [
      format === 'uri' ? 'string, a URL' : 'string',
      ...(maxLength === undefined ? [] : [`at most ${maxLength} characters`]),
      ...(pattern === undefined ? [] : [`matches \`${pattern}\``]),
    ].join(', '),
  admx: ({ name, schema: { maxLength } }) => ({
    attributes: {},
    children: [
      element('elements', {}, [
        // without maxLength Group Policy takes 1023 characters
        element('text', { id: name, valueName: name, required: 'true', maxLength: String(maxLength ?? 4096) }),
      ]),
    ],
  }),
  presentation: ({ name, title, default: fallback }) => [
    element('textBox', { refId: name }, [
      element('label', {}, title),
      ...(typeof fallback === 'string' ? [element('defaultValue', {}, fallback)] : []),
    ]),
  ],
  strings: () => [],
  jamf: ({ schema: { maxLength, pattern } }) => ({
    type: 'string',
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(pattern === undefined ? {} : { pattern }),
  }),
};
