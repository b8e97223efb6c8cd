// Which editor handles the files of a host. Rule: a text that can't be understood is a reading that says so, whatever went wrong inside the editor.
import type { HostSpec } from '#contract/host.ts';
import { EditRefused } from './edit/edit.ts';
import type { EditFormat, Reading } from './edit/edit.ts';
import { jsonFormat } from './edit/json.ts';
import { tomlFormat } from './edit/toml.ts';
import { yamlFormat } from './edit/yaml.ts';

/** The editor; a text that is nested more deeply than the stack is an unreadable one, and an edit of it is refused. */
export function formatOf(spec: HostSpec): EditFormat {
  const format = editorOf(spec);
  return {
    read: (text, keys) => withinStack((): Reading => format.read(text, keys), { ok: false, reason: tooDeep, line: 1, column: 1 }),
    edit: (text, edits) => refusing(() => format.edit(text, edits)),
    putEntry: (text, path, pieces) => refusing(() => format.putEntry(text, path, pieces)),
    addEntry: (text, path, fields) => refusing(() => format.addEntry(text, path, fields)),
  };
}

/** Where a text can't be read as what it should be, and why; for a person. */
export function whereUnread({ line, column, reason }: Extract<Reading, { ok: false }>): string {
  return `line ${line}, column ${column}: ${reason}`.slice(0, 500);
}

const tooDeep = 'it is nested too deeply';

function refusing(work: () => string): string {
  const done = withinStack(work, undefined);
  if (done === undefined) throw new EditRefused(tooDeep);
  return done;
}

/** V8 throws a RangeError where the stack is full; nothing of ours throws one. */
function withinStack<T, F>(work: () => T, otherwise: F): T | F {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return otherwise;
    throw error;
  }
}

function editorOf(spec: HostSpec): EditFormat {
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
