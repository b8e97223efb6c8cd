// Requests that are not answered yet, by id. A Map that forgets all of an entry when it is deleted: V8 leaves the entries of a table that was
// replaced in the old table, and once such a table is in the old generation, each one keeps the next alive with all that its requests hold. So a key is a text or a
// number: an object that is one would be kept.

/** Entries in the order in which they were set. */
export class UnderWay<K extends string | number, V> {
  readonly #cells = new Map<K, { value: V | undefined }>();

  get size(): number {
    return this.#cells.size;
  }

  has(key: K): boolean {
    return this.#cells.has(key);
  }

  get(key: K): V | undefined {
    return this.#cells.get(key)?.value;
  }

  set(key: K, value: V): void {
    this.#cells.set(key, { value });
  }

  delete(key: K): void {
    const cell = this.#cells.get(key);
    if (cell === undefined) return;
    cell.value = undefined;
    this.#cells.delete(key);
  }

  values(): V[] {
    return [...this.#cells.values()].flatMap(({ value }) => (value === undefined ? [] : [value]));
  }
}
