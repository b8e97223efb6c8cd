// What an Electron of the past lacks of JavaScript's own library: the bundle of the agent also runs in the Electron of our tests (Node 18). Each only where it
// is absent. Loaded first, for its effect; what Node's own modules lack there is not used in the bridge at all.
import { webcrypto } from 'node:crypto';
import diagnostics from 'node:diagnostics_channel';

globalThis.crypto ??= webcrypto;

// The logger asks for a channel when it is loaded; nobody listens on it here.
if (!('tracingChannel' in diagnostics)) Object.assign(diagnostics, { tracingChannel: () => ({ hasSubscribers: false }) });

Promise.withResolvers ??= function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: PromiseWithResolvers<T>['resolve'] = () => undefined;
  let reject: PromiseWithResolvers<T>['reject'] = () => undefined;
  const promise = new Promise<T>((onResolved, onRejected) => {
    resolve = onResolved;
    reject = onRejected;
  });
  return { promise, resolve, reject };
};

URL.parse ??= parseUrl;
URL.canParse ??= (url: string | URL, base?: string | URL): boolean => parseUrl(url, base) !== null;

AbortSignal.any ??= (signals: Iterable<AbortSignal>): AbortSignal => {
  const any = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) any.abort(signal.reason);
    else signal.addEventListener('abort', () => any.abort(signal.reason), { once: true, signal: any.signal });
  }
  return any.signal;
};

function parseUrl(url: string | URL, base?: string | URL): URL | null {
  try {
    return new URL(url, base);
  } catch {
    return null;
  }
}
