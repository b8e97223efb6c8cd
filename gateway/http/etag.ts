// What a request says of versions that it has seen: If-Match and If-None-Match (RFC 9110, 13.1.1 and 13.1.2). Pure. The rule: what is no list of tags names no version,
// so that a change on such a condition is refused.

/** `text`: with its quotes. */
interface Tag {
  readonly text: string;
  readonly isWeak: boolean;
}

/** Each tag of a list, of which one may be empty (RFC 9110, 5.6.1). A tag may hold a comma. */
const element = /[ \t]*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;

/** `*`: whatever version there is. */
export function tagsIn(header: string): readonly Tag[] | '*' {
  if (header.trim() === '*') return '*';
  const tags: Tag[] = [];
  element.lastIndex = 0;
  for (let at = 0; at < header.length; at = element.lastIndex) {
    const found = element.exec(header);
    if (found === null) return [];
    if (found[2] !== undefined) tags.push({ text: found[2], isWeak: found[1] !== undefined });
  }
  return tags;
}

/** Those that a strong comparison can find: a weak tag is never the same version byte for byte. */
export function strongTagsIn(header: string): readonly string[] | '*' {
  const tags = tagsIn(header);
  return tags === '*' ? '*' : tags.filter(({ isWeak }) => !isWeak).map(({ text }) => text);
}

/** By weak comparison (RFC 9110, 8.8.3.2). `text`: with its quotes. */
export function names(tags: readonly Tag[] | '*', text: string): boolean {
  return tags === '*' || tags.some((tag) => tag.text === text);
}
