// How often a device may ask whether its person has decided (RFC 8628, section 3.5): one that asks sooner is told to slow down, and learns nothing.

/** A little less than what the device is told, for the network's sake. */
const atLeastMs = 4000;
const rememberAtMost = 10_000;

/** Whether this device asked a moment ago. `code` tells devices apart. */
export function createPollGate(now: () => number): (code: string) => boolean {
  const asked = new Map<string, number>();
  return (code) => {
    const at = now();
    const before = asked.get(code);
    // The one that asked longest ago goes: it is the first, because each question puts its own last.
    asked.delete(code);
    const oldest = asked.size >= rememberAtMost ? asked.keys().next().value : undefined;
    if (oldest !== undefined) asked.delete(oldest);
    asked.set(code, at);
    return before !== undefined && at - before < atLeastMs;
  };
}
