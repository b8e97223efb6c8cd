// Hides what looks like a secret: in the arguments that are shown to an approver, and in a server's last lines.
// It hides too much rather than too little; what is hashed or run is never what comes out of here.
const hidden = '[redacted]';

const secretName = String.raw`[\w.-]{0,40}?(?:token|secret|passw(?:or)?d|passphrase|pwd|api[-_]?key|access[-_]?key|private[-_]?key|subscription[-_]?key|credentials?|authorization|auth|bearer|cookie|session|signature|connection[-_]?string|dsn|pat)s?`;
const secretFlag = new RegExp(String.raw`^--?${secretName}$`, 'i');
const assignment = new RegExp(
  String.raw`(["']?\b${secretName}["']?\s{0,3}[=:]\s{0,3})("[^"]*"|'[^']*'|(?:Bearer|Basic|Token)\s+\S+|[^\s"',;&]+)`,
  'gi',
);
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi;
const userinfo = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^/\s@"']+@/gi;
const queryValue = /([?&][\w.~%-]{1,60}=)[^&\s"'#]+/g;
const knownToken =
  /\b(?:sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|npm|pypi|xox[a-z]|AKIA|ASIA|AIza|eyJ|dop_v1|hf|lin_api|ntn|figd|db[eh])[-_]?[\w.-]{12,}/g;
const word = /[\w.~+/=-]{20,}/g;

/** The arguments as an approver may see them. */
export function redactArguments(args: readonly string[]): string[] {
  return args.map((arg, index) => {
    const before = args[index - 1];
    const isValue = before !== undefined && secretFlag.test(before) && !arg.startsWith('--');
    return isValue ? hidden : redactText(arg).replace(word, (text) => (looksRandom(text, arg) ? hidden : text));
  });
}

/** Arguments, or parts of them, that redactArguments hides: to be hidden in the server's own output too. */
export function secretsIn(args: readonly string[]): string[] {
  const shown = redactArguments(args);
  return args.flatMap((arg, index) => {
    if (shown[index] === arg) return [];
    const value = /^--?[\w.-]+=(.*)$/s.exec(arg)?.[1];
    return value === undefined ? [arg] : [arg, value];
  });
}

/** Text without bearer tokens, values of secret-looking keys, URL credentials and well-known token forms. */
export function redactText(text: string): string {
  return text
    .replace(userinfo, `$1${hidden}@`)
    .replace(queryValue, `$1${hidden}`)
    .replace(assignment, `$1${hidden}`)
    .replace(bearer, `$1 ${hidden}`)
    .replace(knownToken, hidden);
}

/** redactText, and these very values wherever they stand, also line by line, in JSON, in URLs and in base64. */
export function createRedactor(values: readonly string[]): (text: string) => string {
  const forms = new Set<string>();
  for (const value of values)
    for (const part of [value, ...value.split(/\r?\n/)]) {
      if (part.trim().length < 4) continue;
      for (const form of [
        part,
        JSON.stringify(part).slice(1, -1),
        encodeURIComponent(part),
        Buffer.from(part).toString('base64'),
      ])
        forms.add(form);
    }
  const longestFirst = [...forms].toSorted((a, b) => b.length - a.length);
  return (text) => redactText(longestFirst.reduce((rest, form) => rest.replaceAll(form, hidden), text));
}

/** Long, of letters and digits mixed, and without a path's or a digest's shape. */
function looksRandom(text: string, whole: string): boolean {
  if (/^(?:[/~.]|[A-Za-z]:[\\/])/.test(whole) || /\bsha(?:256|512):/.test(whole)) return false;
  if (!/[0-9]/.test(text) || !/[A-Za-z]/.test(text) || (text.includes('/') && text.length < 40)) return false;
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits > 3.5;
}
