// What the product promises, and the proof of each promise. A requirement stands in test/requirement/<area>.ts; a test that proves it says so with
// proves(id, mutation) as its first line. The mutation is the change of the code that makes exactly this test fail: `npm run prove` tries each of them.

export interface Requirement {
  /** `<area>.<claim>`, kebab-case. */
  readonly id: string;
  /** The promise in one sentence. */
  readonly promise: string;
  /** Where the promise is made: a document's section, or a specification. */
  readonly source: string;
}

/** `find` stands exactly once in `file`; replacing it by `replace` breaks the promise. */
export interface Mutation {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Says that the test that calls it proves the requirement. The claim is checked by test/requirement.test.ts and tried by `npm run prove`. */
export function proves(_id: string, _mutation: Mutation): void {}
