// A list or an object: JSON text where a format knows only strings. Several lines on Windows (REG_MULTI_SZ), which are read as one text.
import type { JsonSchema, SettingSource } from '../source.ts';
import { element } from '../xml.ts';
import type { ValueForm } from './form.ts';

export const structuredForm: ValueForm = {
  registryType: 'REG_MULTI_SZ',
  words: ({ schema }) => shapeOf(schema),
  admx: ({ name }) => ({
    attributes: {},
    children: [element('elements', {}, [element('multiText', { id: name, valueName: name, required: 'true' })])],
  }),
  presentation: ({ name }) => [element('multiTextBox', { refId: name, defaultHeight: '6' })],
  strings: () => [],
  jamf: (setting) => ({ type: 'string', options: { inputAttributes: { placeholder: placeholder(setting) } } }),
};

/** What a reader of the reference needs: list, object, or which of them. The JSON Schema says the rest. */
function shapeOf(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map((one) => shapeOf(one)).join(' or ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  const items = typeof schema.items === 'object' && !Array.isArray(schema.items) ? schema.items : undefined;
  if (schema.type === 'array') return items ? `list (${shapeOf(items)})` : 'list';
  if (schema.type === 'object') return 'object';
  return schema.pattern === undefined ? String(schema.type ?? 'JSON') : `string that matches \`${schema.pattern}\``;
}

function placeholder({ sample }: SettingSource): string {
  return sample === undefined ? '' : JSON.stringify(sample);
}
