// Under which condition an item is exposed that nobody named: what its definition says, and how it is called. The rule: what a definition does not say fits nothing,
// whatever the specification takes it to mean then.
import { z } from 'zod';

/** What a tool may say of itself (specification 2026-07-28, ToolAnnotations). A server says it; nobody looked whether it is so. */
export const hints = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const;
export type Hint = (typeof hints)[number];
/** Those that a definition says, by `true` or `false` and nothing else. */
export type Hints = { readonly [K in Hint]?: boolean | undefined };

const name = z.string().min(1).max(256);
const hint = z.boolean().optional();

/** `name`: `*` stands for any number of characters, everything else for itself. All that is named has to fit. */
export const ToolCondition = z.strictObject({
  if: z
    .strictObject({
      name: name.optional(),
      readOnlyHint: hint,
      destructiveHint: hint,
      idempotentHint: hint,
      openWorldHint: hint,
    })
    .refine((of) => Object.values(of).some((value) => value !== undefined), 'name at least one thing'),
});
export type ToolCondition = z.infer<typeof ToolCondition>;
/** Of prompts by their names, of resources by their URIs, of templates by their URI templates: of those there are no hints. */
export const NameCondition = z.strictObject({ if: z.strictObject({ name }) });
export type Condition = ToolCondition;

/** A condition, ready to be asked. Its time is linear in the name. */
export interface Fitting {
  /** Whether an item of this name could fit, whatever its definition says. */
  readonly fitsName: (name: string) => boolean;
  readonly fitsHints: (said: Hints) => boolean;
}

export function fittingOf({ if: { name: pattern, ...wanted } }: Condition): Fitting {
  const named = hints.filter((hint) => wanted[hint] !== undefined);
  return {
    fitsName: pattern === undefined ? () => true : matcherOf(pattern),
    fitsHints: (said) => named.every((hint) => said[hint] === wanted[hint]),
  };
}

/** One text for one condition. */
export function conditionText({ if: of }: Condition): string {
  const told = ['name' as const, ...hints].flatMap((key) => (of[key] === undefined ? [] : [[key, of[key]]]));
  return `if:${JSON.stringify(Object.fromEntries(told))}`;
}

/** Names that are longer fit no pattern: a policy could not name them either. */
const longestName = 2048;

function matcherOf(pattern: string): (name: string) => boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return (name) => name === first;
  return (name) => {
    const end = name.length - last.length;
    if (name.length > longestName || end < first.length || !name.startsWith(first) || !name.endsWith(last)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = name.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}
