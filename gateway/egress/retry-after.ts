// What a server says of when to ask again. Apart from the way out, whose HTTP client is loaded only once the gateway server listens.

/** What a `Retry-After` says, in ms from now: seconds, or a date (RFC 9110, section 10.2.3). Undefined where it is neither. */
export function retryAfterMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(date - Date.now(), 0);
}
