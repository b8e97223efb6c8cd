// What `reg.exe export` writes, as values: UTF-16 text whose form does not depend on the language of Windows and tells every type apart. Pure.
// Rule: only the values right in the key count; several lines (REG_MULTI_SZ) are one text, which is how a policy carries JSON.

export type RegistryValue = string | number;

/** The values of `key` (`HKEY_LOCAL_MACHINE\…`) in an exported file. Types that no setting has are left out. */
export function readExport(bytes: Uint8Array, key: string): ReadonlyMap<string, RegistryValue> {
  const text = new TextDecoder('utf-16le').decode(bytes).replaceAll('\r\n', '\n');
  const sections = text.split(/^\[/m).slice(1);
  const own = sections.find((section) => section.slice(0, section.indexOf(']\n')).toLowerCase() === key.toLowerCase());
  const values = new Map<string, RegistryValue>();
  // a long value of bytes goes on behind a backslash at the end of its line
  const body = (own ?? '').replaceAll(/\\\n\s*/g, '');
  for (const [, name = '', quoted, dword, type, hex] of body.matchAll(entry)) {
    const value =
      quoted === undefined ? (dword === undefined ? fromHex(type, hex ?? '') : Number.parseInt(dword, 16)) : unescaped(quoted);
    if (value !== undefined) values.set(unescaped(name), value);
  }
  return values;
}

const entry = /^"((?:[^"\\]|\\[^])*)"=(?:"((?:[^"\\]|\\[^])*)"|dword:([0-9a-f]{8})|hex(?:\(([0-9a-f]+)\))?:([0-9a-f,]*))$/gim;

function unescaped(text: string): string {
  return text.replaceAll(/\\([^])/g, '$1');
}

/** 2 is REG_EXPAND_SZ, 7 REG_MULTI_SZ, 1 a REG_SZ that has no plain form. Each ends in a zero, each line of several too. */
function fromHex(type: string | undefined, hex: string): string | undefined {
  if (type === undefined || !['1', '2', '7'].includes(type)) return undefined;
  const bytes = Uint8Array.from(hex.split(',').filter(Boolean), (byte) => Number.parseInt(byte, 16));
  const text = new TextDecoder('utf-16le').decode(bytes).replace(/\0+$/, '');
  return type === '7' ? text.replaceAll('\0', '\n') : text;
}
