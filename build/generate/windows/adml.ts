// The English words of the administrative template: names, explanations and the fields of each policy's window.
import type { SettingSource, Source } from '../source.ts';
import { formOf } from '../value/form.ts';
import { documentOf, element } from '../xml.ts';
import { definitionsNamespace, generatedNote, registryKey, revision, supportedId, versionsOf } from './admx.ts';

export function renderAdml({ settings }: Source): string {
  const strings: (readonly [string, string])[] = [
    ['Drawbridge', 'Drawbridge'],
    ...versionsOf(settings).map((since) => [supportedId(since), `Drawbridge ${since} or later`] as const),
    ...settings.flatMap((setting) => [
      [setting.name, setting.title] as const,
      [`${setting.name}_Help`, explanation(setting)] as const,
      ...formOf(setting).strings(setting),
    ]),
  ];
  const root = element('policyDefinitionResources', { xmlns: definitionsNamespace, revision, schemaVersion: '1.0' }, [
    element('displayName', {}, 'Drawbridge'),
    element('description', {}, 'Settings of the Drawbridge workstation program.'),
    element('resources', {}, [
      element(
        'stringTable',
        {},
        strings.map(([id, text]) => element('string', { id }, text)),
      ),
      element('presentationTable', {}, presentations(settings)),
    ]),
  ]);
  return documentOf(root, generatedNote);
}

function presentations(settings: readonly SettingSource[]) {
  return settings.flatMap((setting) => {
    const fields = formOf(setting).presentation(setting);
    return fields.length > 0 ? [element('presentation', { id: setting.name }, fields)] : [];
  });
}

function explanation(setting: SettingSource): string {
  const { name, help, kind, default: fallback, sample, invalid } = setting;
  const paragraphs = [
    help,
    ...(kind === 'structured'
      ? [`JSON, on one line or several${sample === undefined ? '' : `, such as ${JSON.stringify(sample)}`}.`]
      : []),
    fallback === undefined ? 'There is no default.' : `Default: ${JSON.stringify(fallback)}`,
    `Where the value is not valid and no good one was seen before: ${invalid}`,
    `Registry: HKLM\\${registryKey}, ${name} (${formOf(setting).registryType}).`,
  ];
  return paragraphs.join('\n\n');
}
