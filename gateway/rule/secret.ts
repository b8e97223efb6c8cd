// Credentials in a text, by the marks that their makers give them, and values that a name before them calls secret. The rule: a word that stands in all of
// them is looked for first, so that a text without one costs next to nothing. What has no mark and no name (a bare random word) is not found.
import { fold } from './fold.ts';
import type { Detector, Match, TimeBudget } from './match.ts';
import { withoutOverlaps } from './match.ts';
import { allowing } from './allow.ts';
import { findInPieces } from './piece.ts';

interface Kind {
  /** Texts of which one stands in each, in the case in which they stand. */
  readonly marks: readonly string[];
  /** V8's own engine: each of these is linear, because no two parts of it in a row can take the same characters. */
  readonly pattern: RegExp;
  readonly isPlausible?: (value: string) => boolean;
}

/** In an address with a password, beside an @. */
const atHost = '://';
const edge = '(?<![A-Za-z0-9_-])';
const kinds: readonly Kind[] = [
  {
    marks: ['PRIVATE KEY'],
    pattern: /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){0,20000}(?:-----END [A-Z ]{0,30}-----)?/g,
  },
  {
    marks: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    pattern: new RegExp(`${edge}(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])`, 'g'),
  },
  { marks: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], pattern: new RegExp(`${edge}gh[pousr]_[A-Za-z0-9]{36,255}`, 'g') },
  { marks: ['github_pat_'], pattern: new RegExp(`${edge}github_pat_[A-Za-z0-9_]{22,255}`, 'g') },
  {
    marks: ['glpat-', 'gldt-', 'glrt-', 'glcbt-', 'glptt-'],
    pattern: new RegExp(`${edge}gl(?:pat|dt|rt|cbt|ptt)-[A-Za-z0-9_.-]{20,300}`, 'g'),
  },
  { marks: ['xox', 'xapp-'], pattern: new RegExp(`${edge}(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,250}`, 'g') },
  { marks: ['hooks.slack.com'], pattern: /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9_/-]{20,200}/g },
  {
    marks: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_'],
    pattern: new RegExp(`${edge}(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9+/=]{16,250}`, 'g'),
  },
  { marks: ['sk-ant-'], pattern: new RegExp(`${edge}sk-ant-[A-Za-z0-9_-]{20,250}`, 'g') },
  {
    marks: ['sk-'],
    pattern: new RegExp(`${edge}sk-(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9_-]{32,250}`, 'g'),
    isPlausible: isRandom,
  },
  { marks: ['AIza'], pattern: new RegExp(`${edge}AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])`, 'g') },
  { marks: ['ya29.'], pattern: /ya29\.[A-Za-z0-9_-]{30,500}/g },
  { marks: ['GOCSPX-'], pattern: /GOCSPX-[A-Za-z0-9_-]{20,60}/g },
  {
    marks: [
      'npm_',
      'pypi-',
      'hf_',
      'dop_v1_',
      'shpat_',
      'shpss_',
      'shpca_',
      'dckr_pat_',
      'dapi',
      'pul-',
      'rubygems_',
      'sntrys_',
      'lin_api_',
      'figd_',
      'vercel_',
      'atlasv1',
      'hvs.',
      'eyJrIjoi',
      'glsa_',
    ],
    pattern: new RegExp(
      `${edge}(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{50,300}|hf_[A-Za-z0-9]{30,60}|dop_v1_[a-f0-9]{64}|shp(?:at|ss|ca)_[A-Fa-f0-9]{32}|dckr_pat_[A-Za-z0-9_-]{20,60}|dapi[a-f0-9]{32}|pul-[a-f0-9]{40}|rubygems_[a-f0-9]{48}|sntrys_[A-Za-z0-9+/=_-]{40,300}|lin_api_[A-Za-z0-9]{32,60}|figd_[A-Za-z0-9_-]{30,60}|vercel_[A-Za-z0-9_]{20,80}|[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,80}|hvs\\.[A-Za-z0-9_-]{20,200}|glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})`,
      'g',
    ),
  },
  { marks: ['SG.'], pattern: new RegExp(`${edge}SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{30,60}`, 'g') },
  {
    marks: ['eyJ'],
    pattern: new RegExp(`${edge}eyJ[A-Za-z0-9_-]{10,3000}\\.eyJ[A-Za-z0-9_-]{10,6000}\\.[A-Za-z0-9_-]{10,2000}`, 'g'),
  },
  { marks: ['AccountKey=', 'SharedAccessKey='], pattern: /(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,100}={0,2}/g },
  // Drawbridge's own: of hosts, agents and enrollments.
  { marks: ['dbh_', 'dba_', 'dbe_'], pattern: new RegExp(`${edge}db[hae]_[A-Za-z0-9_-]{40,60}`, 'g') },
  // An address with a password in it: user:password@host.
  {
    marks: [atHost],
    pattern: /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"'<>]{0,100}:[^\s:@/"'<>]{3,200}@[^\s/"'<>]{2,200}/gi,
    isPlausible: (value) => !/:(?:\*+|x{3,}|<|\$\{|\{\{|%s|password@|pass@)/i.test(value.slice(8)),
  },
];

/** A name that says so, then a value: key=…, "token": "…", Authorization: Bearer …. */
const named =
  /(?:pass(?:word|wd|phrase)?|secret|api[_-]?key|apikey|access[_-]?key|auth[_-]?token|access[_-]?token|refresh[_-]?token|client[_-]?secret|private[_-]?key|bearer|kennwort|passwort|contraseña|mot de passe)["']?\s{0,4}(?:[:=]|=>|:=|\s)\s{0,4}["'`]?(?<value>[A-Za-z0-9!@#$%^&*()_+~.,/=-]{8,400})/gi;
/** `pass` where no other name stands in the text: tests pass too, and say so before their names. */
const passed =
  /(?<![\p{L}\p{N}_-])(?:pass["']?\s{0,4}:|[Pp][Aa][Ss][Ss]["']?\s{0,4}=)\s{0,4}["'`]?(?<value>[A-Za-z0-9!@#$%^&*()_+~,=-]{8,400})/gu;
/** Of which one stands in each of those names, but for `pass` alone. */
const nameWords = [
  'passw',
  'passp',
  'secret',
  'apikey',
  'api-key',
  'api_key',
  'access',
  'token',
  'private',
  'bearer',
  'authorization',
  'kennwort',
  'contraseña',
  'mot de passe',
];

/** A private key may have 20,000 characters and its two lines. */
const reach = 24 * 1024;

export function secretDetector(allow: readonly string[] = []): Detector {
  const isAllowed = allowing(allow);
  const folded = kinds.flatMap(({ marks }) => marks.map(fold));
  return {
    trigger: {
      needs: [...new Set([...folded, 'pass', ...nameWords])],
      loose: [],
      glanced: { together: [[[...folded.filter((mark) => mark !== atHost), 'pass', ...nameWords]], [[atHost], ['@']]] },
    },
    goesByNames: true,
    find(text, time, _folded, name = '') {
      if (text.length < 8) return [];
      const found = findInPieces(text, reach, time, (piece) => [
        ...kinds.flatMap((kind) => (kind.marks.some((mark) => piece.includes(mark)) ? findKind(kind, piece, time) : [])),
        ...findNamed(piece, time),
      ]);
      return withoutOverlaps(
        [...found, ...findMember(text, name)].filter(({ start, end }) => !isAllowed(text.slice(start, end))),
      );
    },
  };
}

function findKind({ pattern, isPlausible = () => true }: Kind, text: string, time: TimeBudget): Match[] {
  time.check();
  return [...text.matchAll(pattern)]
    .filter(([value]) => isPlausible(value))
    .map(({ 0: value, index }) => ({ start: index, end: index + value.length, type: 'SECRET' }));
}

function findNamed(text: string, time: TimeBudget): Match[] {
  const lower = text.toLowerCase();
  const isNamed = nameWords.some((word) => lower.includes(word));
  const isPassed = lower.includes('pass');
  if (!isNamed && !isPassed) return [];
  time.check();
  const valuesOf = (pattern: RegExp, isMeant: (value: string, end: number) => boolean) =>
    [...text.matchAll(pattern)].flatMap(({ 0: whole, index, groups }): Match[] => {
      time.check();
      const value = groups?.['value'] ?? '';
      const end = index + whole.length;
      return isRandom(value) && isMeant(value, end) ? [{ start: end - value.length, end, type: 'SECRET' }] : [];
    });
  return [
    ...(isNamed ? valuesOf(named, () => true) : []),
    ...(isPassed ? valuesOf(passed, (value, end) => isMixed(value) && !isOfPath(text[end])) : []),
  ];
}

/** Of both cases, as what was made by chance mostly is. */
const isMixed = (value: string): boolean => /[a-z]/.test(value) && /[A-Z]/.test(value);
const isOfPath = (next = ''): boolean => next !== '' && './\\:'.includes(next);

const secretName =
  /^(?:.*[_.-])?(?:pass(?:word|wd|phrase)?|secret|api[_-]?key|apikey|(?:access|auth|refresh|id|bearer)?[_-]?token|access[_-]?key|client[_-]?secret|private[_-]?key)$/i;

/** The value of a member whose name says so: all of it, but of what a header says how it is meant. `names`: a line each. */
function findMember(text: string, names: string): Match[] {
  const all = names.split('\n');
  const [, scheme = ''] = all.some((name) => /^(?:proxy-)?authorization$/i.test(name))
    ? (/^((?:Basic|Bearer|Token|ApiKey) +)\S{8,4000}$/i.exec(text) ?? [])
    : [];
  if (scheme !== '' && isRandom(text.slice(scheme.length))) return [{ start: scheme.length, end: text.length, type: 'SECRET' }];
  const isNamed = all.some((name) => secretName.test(name.slice(0, 60)));
  return isNamed && !/\s/.test(text) && text.length <= 400 && isRandom(text)
    ? [{ start: 0, end: text.length, type: 'SECRET' }]
    : [];
}

/** No word of a language and no place for one: letters and digits mixed, and many different. */
function isRandom(value: string): boolean {
  if (/^(?:[A-Z_]+|[a-z_.-]+|\d+|x+|\*+|example.*|your.*|change.*|process\.env.*)$/i.test(value)) return false;
  const different = new Set(value).size;
  return /\d/.test(value) && /[A-Za-z]/.test(value) && different >= Math.min(10, value.length * 0.5);
}
