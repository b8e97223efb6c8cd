// How far the agent's heap may grow before all of it is collected. Messages pass through outside of it, and V8 counts their bytes: with a small heap that is
// allowed to grow by little, it is collected whole for every sixty messages of 64 KB, which took a third of the agent's time. Only a flag that is read
// anew at each collection may be set after the start (nodejs.org/api/v8, v8.setFlagsFromString).
import { setFlagsFromString } from 'node:v8';

/** To five times of what is alive (20 MB), reached only under load. */
export function letHeapGrow(): void {
  setFlagsFromString('--heap-growing-percent=400');
}
