// How V8 takes what a call makes: as short-lived, whatever it has seen. With many calls under way it finds that what each of them holds survives a collection
// or two, allocates such objects among the long-lived ones from then on, and each of those keeps all that its call ever touched until the whole heap is
// collected: at 16 callers 160 to 310 MB of garbage in 8 s, and a quarter more CPU a call. Set before anything is compiled for speed.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { every } from './wake.ts';

export function keepCallsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

export interface Watching {
  close(): void;
}

const smallHeapBytes = 96 * 2 ** 20;

/**
 * Lets a small heap grow to five times of what is alive before all of it is collected. V8 counts the bytes of messages, which lie outside, with the heap, and lets a
 * small one grow by little: at 16 callers with 64 KB each it was marked whole for every two hundred calls, on other threads, for a quarter of all CPU. The bytes of
 * calls that are over are given back by the collections of young objects, some a second. A heap that is large by itself (ten thousand tunnels) grows as V8
 * means it to. The flag is read anew at each collection (nodejs.org/api/v8, v8.setFlagsFromString).
 */
export function letSmallHeapGrow(everyMs = 1000): Watching {
  let isSmall: boolean | undefined;
  const look = (): void => {
    const { used_heap_size: bytes } = getHeapStatistics();
    if (isSmall === bytes < smallHeapBytes) return;
    isSmall = bytes < smallHeapBytes;
    setFlagsFromString(`--heap-growing-percent=${isSmall ? 400 : 0}`);
  };
  look();
  return { close: every(look, everyMs, everyMs / 4) };
}

/** Looks every so often; this many times in a row nothing may be under way. */
const quietLooks = 5;
/** So many who came since memory was last given back are a storm. */
const storm = 500;
/** After calls alone: more than the heap of many callers falls by when they pause. */
const worthBytes = 256 * 2 ** 20;

/**
 * Gives memory back to the system that V8 keeps after a storm. It leaves the garbage of one where nothing comes after it, and pools the pages of a heap that has shrunk; it
 * lets go of both only when it collects as if memory were short: after ten thousand tunnels came back that is 160 MB which nobody uses. Such a collection stops
 * everything for some tenths of a second, and throws away what was compiled for calls: V8 holds what the instances of a class look like weakly, and between calls
 * there are none. So it is done only while nothing is under way, and not for the 48 MB by which the place of new objects shrinks whenever calls pause.
 */
export function giveBackMemory({
  isQuiet,
  arrived,
  everyMs = 1000,
}: {
  readonly isQuiet: () => boolean;
  /** How many have come so far who leave much behind until they are known: tunnels that were greeted. */
  readonly arrived: () => number;
  readonly everyMs?: number;
}): Watching {
  let peakBytes = 0;
  let quiet = 0;
  let before = arrived();
  const look = (): void => {
    const heapBytes = getHeapStatistics().total_physical_size;
    peakBytes = Math.max(peakBytes, heapBytes);
    quiet = isQuiet() ? quiet + 1 : 0;
    const isWorth = arrived() - before >= storm || peakBytes - heapBytes >= worthBytes;
    if (quiet < quietLooks || !isWorth) return;
    collectAll();
    peakBytes = getHeapStatistics().total_physical_size;
    before = arrived();
    quiet = 0;
  };
  return { close: every(look, everyMs, everyMs / 4) };
}

/** As V8 does it where memory is short. Node shows it only as the function of a flag. */
function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}
