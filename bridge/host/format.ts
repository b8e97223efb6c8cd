// Which editor handles the files of a host.
import type { HostSpec } from '#contract/host.ts';
import type { EditFormat } from './edit/edit.ts';
import { jsonFormat } from './edit/json.ts';
import { tomlFormat } from './edit/toml.ts';
import { yamlFormat } from './edit/yaml.ts';

export function formatOf(spec: HostSpec): EditFormat {
  switch (spec.format) {
    case 'json':
    case 'jsonc':
      return jsonFormat(spec.format === 'json');
    case 'toml':
      return tomlFormat;
    case 'yaml':
      return yamlFormat;
  }
}
