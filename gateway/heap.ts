// How V8 takes what a call makes: as short-lived, whatever it has seen. With many calls under way it finds that what each of them holds survives a collection
// or two, allocates such objects among the long-lived ones from then on, and each of those keeps all that its call ever touched until the whole heap is
// collected: at 16 callers 160 to 310 MB of garbage in 8 s, and a quarter more CPU a call. Set before anything is compiled for speed.
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { every } from './wake.ts';

export function keepCallsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/**
 * Keeps what V8 has compiled for calls over a quiet time. It holds what the instances of a class look like weakly, and between calls there are none: a collection that is to
 * keep the heap small, as V8 makes one after some seconds with little to do, forgets it, and with that all code that was compiled for it. The next thousands of calls are
 * interpreted and compiled anew on other threads, at up to twice the CPU. With this flag, which is read at each collection, such a one forgets no more than any other.
 */
export function keepCompiled(): void {
  setFlagsFromString('--no-memory-reducer-favors-memory');
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
const worthBytes = 48 * 2 ** 20;

/**
 * Gives memory back to the system that V8 keeps after a storm. It pools the pages of a heap that has shrunk and lets go of them only when it collects as if memory
 * were short: after ten thousand tunnels came back that is 160 MB which nobody uses. Such a collection stops everything for some tenths of a second, so
 * it is done only where there is much to give back and nothing is under way.
 */
export function giveBackMemory({
  isQuiet,
  everyMs = 1000,
}: {
  readonly isQuiet: () => boolean;
  readonly everyMs?: number;
}): Watching {
  let peakBytes = 0;
  let quiet = 0;
  const look = (): void => {
    const heapBytes = longLivedBytes();
    peakBytes = Math.max(peakBytes, heapBytes);
    quiet = isQuiet() ? quiet + 1 : 0;
    if (quiet < quietLooks || peakBytes - heapBytes < worthBytes) return;
    collectAll();
    peakBytes = longLivedBytes();
    quiet = 0;
  };
  return { close: every(look, everyMs, everyMs / 4) };
}

/** Where new objects are made grows to 48 MB while calls come, shrinks when they pause, and is wanted again with the next ones. */
function longLivedBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => !name.startsWith('new_'));
  return spaces.reduce((sum, { physical_space_size: bytes }) => sum + bytes, 0);
}

/** As V8 does it where memory is short. Node shows it only as the function of a flag. */
function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}
