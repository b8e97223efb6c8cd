// Whether a form that a server wants a person to fill in asks for a secret (2025-11-25, client/elicitation: form mode must not be used for sensitive
// information). It reads what the person would read: the names, titles and descriptions of the fields. In doubt the form is not shown.
import { isObject } from './jsonrpc.ts';

const secret =
  /\b(?:pass(?:word|wd|phrase|code|key)s?|pwd|secrets?|credentials?|(?:access|api|auth|bearer|refresh|session|id|security|personal access)? ?tokens?|(?:api|private|access|secret|signing|encryption|ssh|license) ?keys?|apikeys?|cvv2?|cvc2?|otp|totp|pin|pin code|one time code|seed phrase|recovery codes?|ssn|social security number|card number)\b/;

const denied = /\b(?:not|never|no|don t|without)\b/;

/** The first field that asks for a secret; undefined where none does. A schema that can't be read is one: `the whole form`. */
export function secretField(requestedSchema: unknown): string | undefined {
  if (!isObject(requestedSchema) || !isObject(requestedSchema['properties'])) return 'the whole form';
  for (const [name, field] of Object.entries(requestedSchema['properties'])) {
    if (!isObject(field)) return name;
    // A yes or no gives nothing away, and neither does one of a few.
    if (field['type'] === 'boolean' || Array.isArray(field['enum']) || Array.isArray(field['oneOf']) || field['type'] === 'array')
      continue;
    if (field['format'] === 'password' || field['writeOnly'] === true) return name;
    const [called, ...described] = [`${name} ${String(field['title'] ?? '')}`, field['description']].map((text) =>
      spaced(String(text ?? '')),
    );
    // "Do not enter your PIN here" asks for none.
    if ([called ?? '', ...described.filter((text) => !denied.test(text))].some((text) => secret.test(text))) return name;
  }
  return undefined;
}

/** `apiKey`, `API_KEY` and `api-key` as the words that they are. */
function spaced(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .toLowerCase();
}
