// How we write YAML ourselves: double-quoted texts and flow lists on one line, which mean the same to every YAML parser. Keys are bare where nothing can
// mistake them.
const isBareKey = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const meansSomethingElse = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

export function spellKey(key: string): string {
  return isBareKey.test(key) && !meansSomethingElse.test(key) ? key : spellText(key);
}

/** Any plain data on one line. */
export function spellValue(value: unknown): string {
  if (typeof value === 'string') return spellText(value);
  if (Array.isArray(value)) return `[${value.map(spellValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).map(([key, of]) => `${spellKey(key)}: ${spellValue(of)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** JSON's escapes are YAML's; what YAML does not count as printable must be escaped as well. */
function spellText(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
