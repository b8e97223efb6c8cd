// Which addresses of a gateway server a device may speak to: https, or http on loopback. Everywhere else the connection must be encrypted and the
// other side must prove its name.

/** The parsed address, or undefined where nothing may be sent to it. */
export function gatewayOriginOf(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)) ? url : undefined;
}

/** `localhost` or an address of loopback, as URL spells it. A name that only looks like one (127.example.org) is not. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
