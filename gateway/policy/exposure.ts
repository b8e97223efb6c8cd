// What an assignment exposes of its server, as its policy says it: all, by name, or by conditions on definitions. The rule: a condition fits only a definition that was
// seen and is known by its hash; where nothing is kept of definitions, it fits nothing.
import { type Fitting, fittingOf } from '#contract/condition.ts';
import type { ExposedKind, ItemKind, Provisioning } from '#contract/policy.ts';
import type { Assignment, Pins } from '../call.ts';
import { matchesTemplate, parseTemplate, type UriTemplate } from '../mcp/uri-template.ts';

type Exposure = Pick<
  Assignment,
  'provisions' | 'mayProvision' | 'exposes' | 'exposesByList' | 'isConditional' | 'exposure' | 'hasTemplateFor'
>;

/** One kind of an assignment. */
interface Shown {
  readonly isAll: boolean;
  readonly names: ReadonlySet<string>;
  readonly conditions: readonly Fitting[];
  /** What was found of definitions that are kept, by their hashes: a call does not look through a hundred conditions again. */
  readonly found: Map<string, { readonly name: string; readonly isFitting: boolean }>;
}

/** Of what a server lists only so many templates are read for one resource. */
const listedTemplates = 500;

type Provisioned = Readonly<Record<ItemKind, Provisioning>> & { readonly methods?: Provisioning | undefined };

export function exposureOf(assignment: Provisioned, pins: Pins | undefined): Exposure {
  const shown: Record<ExposedKind, Shown> = {
    tools: shownOf(assignment.tools),
    prompts: shownOf(assignment.prompts),
    resources: shownOf(assignment.resources),
    templates: shownOf(assignment.templates),
    methods: shownOf(assignment.methods ?? 'none'),
  };
  const named = templatesOf(shown.templates.names);

  function provisions(kind: ExposedKind, name: string, definition: string | undefined): boolean {
    const { isAll, names, conditions, found } = shown[kind];
    if (isAll || names.has(name)) return true;
    if (conditions.length === 0 || definition === undefined) return false;
    const said = kind === 'methods' ? undefined : pins?.hintsOf(kind, name, definition);
    if (said === undefined) return false;
    const before = found.get(definition);
    if (before?.name === name) return before.isFitting;
    const isFitting = conditions.some(({ fitsName, fitsHints }) => fitsHints(said) && fitsName(name));
    found.set(definition, { name, isFitting });
    return isFitting;
  }

  return {
    provisions,
    mayProvision(kind, name) {
      const { isAll, names, conditions } = shown[kind];
      return isAll || names.has(name) || (pins !== undefined && conditions.some(({ fitsName }) => fitsName(name)));
    },
    exposes: (kind) => shown[kind].isAll || shown[kind].names.size > 0 || shown[kind].conditions.length > 0,
    exposesByList: (kind) => shown[kind].isAll || shown[kind].conditions.length > 0,
    isConditional: (kind) => shown[kind].conditions.length > 0,
    exposure(kind) {
      const exposed = assignment[kind] ?? 'none';
      return typeof exposed === 'string' ? exposed : JSON.stringify(exposed.map((item) => JSON.stringify(item)).toSorted());
    },
    hasTemplateFor(uri, listed) {
      if (named.some((template) => matchesTemplate(template, uri))) return true;
      const { isAll, conditions } = shown.templates;
      if (!isAll && conditions.length === 0) return false;
      const counting = isAll ? listed : listed.filter(isAcceptedTemplate);
      return templatesOf(counting.slice(0, listedTemplates).map(({ name }) => name)).some((one) => matchesTemplate(one, uri));
    },
  };

  function isAcceptedTemplate({
    name,
    definition,
  }: {
    readonly name: string;
    readonly definition?: string | undefined;
  }): boolean {
    if (!provisions('templates', name, definition)) return false;
    return pins?.stateOf('templates', name, definition ?? '') === 'accepted';
  }
}

function shownOf(exposed: Provisioning): Shown {
  const items = typeof exposed === 'string' ? [] : exposed;
  return {
    isAll: exposed === 'all',
    names: new Set(items.filter((item) => typeof item === 'string')),
    conditions: items.filter((item) => typeof item !== 'string').map(fittingOf),
    found: new Map(),
  };
}

function templatesOf(texts: Iterable<string>): readonly UriTemplate[] {
  return [...texts].map(parseTemplate).filter((template) => template !== undefined);
}
