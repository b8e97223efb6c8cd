// What stands in a host's config, read as the host reads it and not by the bridge's own editors: the programs that it would start, and the file with one
// direct server more.
import { parse as parseJsonc } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { HostSpec } from '#contract/host.ts';

export interface HostEntry {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const Table = z.record(z.string(), z.unknown());
const List = z.union([z.string(), z.array(z.string())]);

/** Every entry that starts a program, wherever it counts. */
export function programsIn(spec: HostSpec, text: string): readonly HostEntry[] {
  return spec.keys
    .flatMap((keys) => tablesAt(parsed(spec, text), keys))
    .flatMap((table) =>
      Object.entries(table).flatMap(([name, value]): HostEntry[] => {
        const entry = Table.parse(value);
        const given = List.safeParse(entry[spec.stdio.command]);
        if (!given.success || ['builtin', 'platform'].includes(String(entry['type']))) return [];
        const more = spec.stdio.args === undefined ? [] : List.parse(entry[spec.stdio.args] ?? []);
        const [command = '', ...args] = [given.data, more].flat();
        const env = z.record(z.string(), z.string()).parse(entry[spec.stdio.env] ?? {});
        return [{ name, command, args, env }];
      }),
    );
}

/** The text with an entry that goes to `url`, put in as a person would. */
export function withDirect(spec: HostSpec, text: string, name: string, url: string): string {
  const [key = ''] = spec.keys[0] ?? [];
  switch (spec.format) {
    case 'json':
    case 'jsonc': {
      const kind = spec.id === 'opencode' ? '"type": "remote", ' : spec.id === 'claude-code' ? '"type": "http", ' : '';
      const [field = 'url'] = spec.remote.urls;
      return text.replace(new RegExp(`^(\\s*"${key}"\\s*:\\s*\\{)`, 'm'), `$1 "${name}": { ${kind}"${field}": "${url}" },`);
    }
    case 'toml':
      return `${text}\n[${key}.${name}]\nurl = "${url}"\n`;
    case 'yaml':
      return text.replace(`${key}:\n`, `${key}:\n  ${name}:\n    type: streamable_http\n    uri: ${url}\n`);
  }
}

function parsed(spec: HostSpec, text: string): unknown {
  if (spec.format === 'toml') return parseToml(text);
  if (spec.format === 'yaml') return parseYaml(text);
  return spec.format === 'json' ? JSON.parse(text) : parseJsonc(text);
}

function tablesAt(root: unknown, keys: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  let found = [root];
  for (const key of keys)
    found = found.flatMap((value) => {
      const table = Table.safeParse(value);
      if (!table.success) return [];
      return key === '*' ? Object.values(table.data) : key in table.data ? [table.data[key]] : [];
    });
  return found.map((value) => Table.parse(value));
}
