// `drawbridge://enroll?token=…`: what an administrator may send instead of a token to be pasted. Any web page can open such a link, so it is read strictly.
// Rule: it carries a token and nothing else. The gateway's address comes only from the profile: no link points a device at another gateway.
import { Secret } from './secret.ts';

export const enrollScheme = 'drawbridge';
const linkLimit = 512;

/** The token of an enrollment link; undefined for every other text. A token is 1 to 200 of the letters that tokens are made of. */
export function readEnrollLink(text: string): Secret<string> | undefined {
  if (text.length > linkLimit) return undefined;
  // By hand: a URL parser would forgive white space, other spellings of the host, user names, ports and repeated parameters.
  const found = /^drawbridge:\/\/enroll\/?\?token=([A-Za-z0-9._~-]{1,200})$/.exec(text);
  const token = found?.[1];
  return token === undefined ? undefined : new Secret(token);
}
