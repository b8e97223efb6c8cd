// The certificates that Node trusts by itself: what IT names in the profile comes on top of them, never in their place.
import * as tls from 'node:tls';

/** PEM texts. With NODE_EXTRA_CA_CERTS and the like where this Node can tell; an older one knows its built-in ones only. */
export function rootCertificates(): readonly string[] {
  return typeof tls.getCACertificates === 'function' ? tls.getCACertificates('default') : tls.rootCertificates;
}
