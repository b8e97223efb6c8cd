// What a definition says of a tool that conditions of the policy may ask for. The rule: only what stands there as `true` or `false`; what it is taken to mean where
// nothing stands is nobody's word.
import { type Hints, hints } from '#contract/condition.ts';

/** `text`: a definition as canonical JSON. */
export function hintsOf(text: string): Hints {
  const definition: unknown = JSON.parse(text);
  const annotations = memberOf(definition, 'annotations');
  const said = hints.flatMap((hint): [string, boolean][] => {
    const value = memberOf(annotations, hint);
    return typeof value === 'boolean' ? [[hint, value]] : [];
  });
  return Object.fromEntries(said);
}

function memberOf(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, name) ? Reflect.get(of, name) : undefined;
}
