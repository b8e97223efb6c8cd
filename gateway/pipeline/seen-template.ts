// Of which template a resource is that its server does not list. The rule: only templates that are exposed count, and reading them costs once what many calls use.
import type { Assignment, SeenItem } from '../call.ts';
import { matchesTemplate, parseTemplate, type UriTemplate } from '../mcp/uri-template.ts';

/** Hashes of definitions by their templates, as a caller was shown them. */
type Shown = ReadonlyMap<string, string>;
interface Template {
  readonly name: string;
  readonly definition: string;
  readonly parsed: UriTemplate;
}

/** The one that a resource fits and that counts, where there is one; else one that it fits; where there is none, the resource itself, without a definition. */
export function createSeenTemplates(): (of: { readonly assignment: Assignment }, shown: Shown, uri: string) => SeenItem {
  const known = new WeakMap<Shown, readonly Template[]>();

  function templatesOf(shown: Shown): readonly Template[] {
    const found = known.get(shown) ?? [...shown].flatMap(templateOf);
    known.set(shown, found);
    return found;
  }

  return ({ assignment: { pins, provisions } }, shown, uri) => {
    let found: SeenItem | undefined;
    for (const { name, definition, parsed } of templatesOf(shown)) {
      if (!provisions('templates', name, definition) || !matchesTemplate(parsed, uri)) continue;
      found = { kind: 'templates', name, definition };
      if (pins?.stateOf('templates', name, definition) === 'accepted') break;
    }
    return found ?? { kind: 'resources', name: uri, definition: undefined };
  };
}

function templateOf([name, definition]: readonly [string, string]): Template[] {
  const parsed = parseTemplate(name);
  return parsed ? [{ name, definition, parsed }] : [];
}
