// YAML against the shared suite of edits: many untidy texts, so it takes seconds.
import { parse } from 'yaml';
import { yamlFormat } from '../../../../bridge/host/edit/yaml.ts';
import { describeFormat } from '../../../suite/host-edit.ts';
import { yamlSamples } from '../../../suite/host-yaml-text.ts';

describeFormat('YAML', {
  format: yamlFormat,
  keys: ['extensions'],
  samples: yamlSamples('extensions'),
  meaning: (text) => parse(text),
  isPutBackExact: false,
  hasBareTexts: true,
});
