// How what the bridge sends is masked (RFC 6455, 5.3), so that nothing on the way can be made to take a payload for something else. The rule: each message has a
// key of its own, from the system's randomness, of which what is sent knows nothing.
import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as Bufferutil from 'bufferutil';
import type { Masking } from '#contract/packet.ts';

const randomBytes = 8 * 1024;
const keyBytes = 4;
/** Up to here a loop is faster than a call. */
const nearBytes = 48;

export function createMasking(): Masking {
  const random = Buffer.alloc(randomBytes);
  const key = Buffer.alloc(keyBytes);
  const fast = fastMask();
  let used = randomBytes;
  return {
    newKey() {
      if (used === randomBytes) {
        randomFillSync(random);
        used = 0;
      }
      random.copy(key, 0, used, used + keyBytes);
      used += keyBytes;
      return key;
    },
    apply(payload, by) {
      if (payload.length <= nearBytes || fast === undefined) maskByByte(payload, by);
      else fast(payload, by, payload, 0, payload.length);
    },
  };
}

/** Forty times as fast. Undefined on a platform that it has no binary for, as in ws. */
function fastMask(): typeof Bufferutil.mask | undefined {
  try {
    const library: typeof Bufferutil = createRequire(import.meta.url)('bufferutil');
    return library.mask;
  } catch {
    return undefined;
  }
}

function maskByByte(payload: Buffer, key: Buffer): void {
  for (let at = 0; at < payload.length; at++) payload[at] = (payload[at] ?? 0) ^ (key[at % keyBytes] ?? 0);
}
