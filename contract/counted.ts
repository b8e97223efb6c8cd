// How many there are of something, in words. The rule: of one thing nobody is told "1 records".

/** `more`: where an s alone does not make it several. */
export function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}
