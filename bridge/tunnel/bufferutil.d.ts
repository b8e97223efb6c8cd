// What is used of bufferutil, which comes without types.
declare module 'bufferutil' {
  /** Writes `length` bytes of `source`, masked, to `output` from `offset` on. The two may be one. */
  export function mask(source: Buffer, mask: Buffer, output: Buffer, offset: number, length: number): void;
}
