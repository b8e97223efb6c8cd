// The floors: all relay the same bytes, and differ in one thing that a gateway might do.

/** `raw`: nothing is parsed. `parsed`: the request is, and its bytes are forwarded. `reserialized`: request and answer are. `one-write`: one socket write a tick. */
export const variants = ['raw', 'parsed', 'reserialized', 'one-write'] as const;
export type Variant = (typeof variants)[number];

export function variantOf(text: string | undefined): Variant {
  const found = variants.find((variant) => variant === text);
  if (found === undefined) throw new Error(`no floor is called ${text}`);
  return found;
}
