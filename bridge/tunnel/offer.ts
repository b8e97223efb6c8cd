// What of the device's offers one frame carries: the first 500, and no more bytes than a frame's JSON may have.
import { jsonLimitBytes } from '#contract/frame.ts';
import type { Offer } from '#contract/server.ts';

const offerLimit = 500;
/** Room for what is around the offers. */
const aroundBytes = 64;

export function fitting(offers: readonly Offer[]): Offer[] {
  let size = aroundBytes;
  const fits: Offer[] = [];
  for (const offer of offers.slice(0, offerLimit)) {
    size += Buffer.byteLength(JSON.stringify(offer)) + 1;
    if (size > jsonLimitBytes) break;
    fits.push(offer);
  }
  return fits;
}
