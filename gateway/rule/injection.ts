// Words in a text that are meant for the model and not for the person: heuristics over known turns of phrase, and characters that nobody sees.
// The rule: it finds what is said in so many words, in ten languages, and nothing that is put another way. It lowers a risk; it is no guard against it.
import { fold } from './fold.ts';
import type { Detector, Match, TimeBudget } from './match.ts';
import { withoutOverlaps } from './match.ts';
import { findInPieces } from './piece.ts';
import { hasUnseen, readingsOf } from './unseen.ts';

/** Of each group of stems one stands, folded, in whatever the pattern matches. */
interface Phrase {
  readonly stems: readonly (readonly string[])[];
  readonly pattern: RegExp;
}

/** Each is bounded in what it takes between two words, so that all are linear. */
const gap = String.raw`[\s\p{P}]{1,4}`;
const some = (words: string, atMost: number) => String.raw`(?:(?:${words})${gap}){0,${atMost}}`;
const phrases: readonly Phrase[] = [
  // ignore all previous instructions
  {
    stems: [
      ['ignor', 'disregard', 'forget', 'override', 'bypass', 'discard'],
      ['previous', 'prior', 'above', 'earlier', 'preceding', 'existing', 'original', 'former', 'system', 'foregoing'],
    ],
    pattern: new RegExp(
      String.raw`(?<!\p{L})(?:ignore|disregard|forget|override|bypass|discard)${gap}${some('all|any|of|the|your|my|these|those|every|completely|everything', 4)}(?:previous|prior|above|earlier|preceding|existing|original|former|system|foregoing)${gap}${some('and|system|safety|user|all|or|your', 2)}(?:instructions?|prompts?|rules?|guidelines|directions|directives?|messages?|context|constraints|policies|commands?)`,
      'giu',
    ),
  },
  {
    stems: [
      ['ignor', 'disregard', 'forget'],
      ['everything', 'anything', 'all'],
    ],
    pattern:
      /(?<!\p{L})(?:ignore|disregard|forget) (?:everything|anything|all) (?:above|before|(?:you|that) (?:were|was|have been) told|you know|said (?:before|so far))/giu,
  },
  {
    stems: [['ignorier'], ['anweisung', 'instruktion', 'befehl', 'regel']],
    pattern:
      /ignorier(?:e|en sie|t)? (?:bitte )?(?:alle |sämtliche |die |deine |ihre ){0,3}(?:vorherigen|bisherigen|vorigen|obigen|früheren) (?:anweisungen|instruktionen|befehle|regeln)/giu,
  },
  {
    stems: [
      ['ignora', 'olvida', 'ignore', 'descarta'],
      ['anterior', 'previa', 'precedente'],
    ],
    pattern:
      /(?:ignora|olvida|ignore|descarta) (?:todas |todos |las |los |tus |cualquier ){0,3}(?:instrucciones|órdenes|reglas|indicaciones) (?:anteriores|previas|precedentes)/giu,
  },
  {
    stems: [
      ['ignor', 'oublie'],
      ['précédent', 'antérieur', 'ci-dessus'],
    ],
    pattern:
      /(?:ignor(?:e|ez)|oublie[rz]?) (?:toutes |tous |les |tes |vos ){0,3}(?:instructions|consignes|règles|directives) (?:précédentes|antérieures|ci-dessus)/giu,
  },
  {
    stems: [
      ['ignora', 'dimentica'],
      ['precedent', 'sopra'],
    ],
    pattern: /(?:ignora|dimentica) (?:tutte |tutti |le |gli |i ){0,3}(?:istruzioni|regole) (?:precedenti|sopra)/giu,
  },
  {
    stems: [
      ['ignore', 'esqueça', 'desconsidere'],
      ['anterior', 'prévia'],
    ],
    pattern:
      /(?:ignore|esqueça|desconsidere) (?:todas |as |os |suas ){0,3}(?:instruções|regras|ordens) (?:anteriores|prévias)/giu,
  },
  {
    stems: [
      ['игнорируй', 'забудь'],
      ['инструкци', 'указани', 'правил'],
    ],
    pattern: /(?:игнорируй(?:те)?|забудь(?:те)?) (?:все |всё ){0,2}(?:предыдущие|прежние) (?:инструкции|указания|правила)/giu,
  },
  {
    stems: [['忽略', '无视', '忘记', '忽視']],
    pattern: /(?:忽略|无视|忘记|忽視)(?:掉)?(?:所有|全部|之前|以上|先前|前面|的){0,4}(?:指令|指示|提示|规则|說明|说明)/gu,
  },
  { stems: [['無視', '忘れ']], pattern: /(?:以前|これまで|上記|前)の(?:すべての|全ての)?(?:指示|命令|ルール)を(?:無視|忘れ)/gu },
  {
    stems: [['무시', '잊']],
    pattern: /(?:이전|앞의|위의)(?:의)? ?(?:모든 )?(?:지시|명령|규칙)(?:사항)?(?:을|를) ?(?:무시|잊)/gu,
  },
  // said behind the person's back
  {
    stems: [
      ['do not', "don't", 'don’t', 'never', 'must not', 'without'],
      ['user', 'human', 'person', 'customer', 'operator'],
    ],
    pattern:
      /(?<!\p{L})(?:do not|don['’]t|never|must not|without) (?:ever )?(?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?|alert(?:ing)?|notify(?:ing)?|reveal(?:ing)?|show(?:ing)?|disclos(?:e|ing)|let(?:ting)?) (?:any of )?(?:this|that|it|these)? ?(?:to )?(?:the )?(?:user|human|person|customer|operator)s?(?!\p{L})(?! (?:that|when|if|about) (?:an?|the) error)/giu,
  },
  {
    stems: [
      ['hide', 'conceal', 'keep'],
      ['user', 'human', 'person'],
    ],
    pattern: /(?:hide|conceal|keep) (?:this|it|that|these instructions) (?:secret )?from (?:the )?(?:user|human|person)/giu,
  },
  // another self
  {
    stems: [
      ['you are', "you're", 'act as', 'become'],
      ['dan', 'unrestricted', 'uncensored', 'unfiltered', 'developer mode', 'god mode', 'jailbr', 'debug mode'],
    ],
    pattern:
      /(?<!\p{L})(?:you are|you're|act as|become) (?:now )?(?:(?:in|entering) )?(?:dan|an? unrestricted|an? uncensored|an? unfiltered|developer mode|god mode|jailbr\p{L}+|debug mode with no)/giu,
  },
  {
    stems: [['from now on']],
    pattern:
      /(?<!\p{L})from now on,? you (?:will|must|are|shall|should) (?:always |only |now )?(?:act|behave|respond|answer|obey|ignore|follow my|pretend)/giu,
  },
  // what is the model's own
  {
    stems: [
      ['prompt', 'instructions', 'message'],
      ['system', 'developer', 'hidden', 'initial'],
      ['reveal', 'print', 'repeat', 'output', 'show', 'display', 'leak', 'expose', 'send', 'tell me', 'give me'],
    ],
    pattern:
      /(?<!\p{L})(?:reveal|print|repeat|output|show|display|leak|expose|send|tell me|give me)(?: me)?(?: all| back| verbatim| out| of)? (?:your|the) (?:full |entire |complete |hidden |initial |original |exact ){0,2}(?:system|developer|hidden|initial) (?:prompt|instructions|message)/giu,
  },
  {
    stems: [['<|', 'inst]', 'sys>>', 'system>', 'system_prompt>', '_instructions>']],
    pattern:
      /<\|(?:im_start|im_end|system|assistant|endoftext|start_header_id)\|>|\[\/?INST\]|<<\/?SYS>>|<\/?(?:system|system_prompt|assistant_instructions|admin_instructions)>/gi,
  },
  {
    stems: [['<important', '<secret', '<hidden', '<urgent', '<critical']],
    pattern:
      /<(?:important|secret|hidden|urgent|critical)>(?=[^<]{0,400}(?:you must|must (?:first|always)|before (?:using|calling|you)|read|pass|send|do not|don['’]t))/gi,
  },
  // secrets of the person, into a call
  {
    stems: [['~/.', 'id_rsa', '.env', '/etc/', 'mcp.json', 'credentials file']],
    pattern:
      /(?<!\p{L})(?:read|open|cat|fetch|send|upload|include|attach|append|pass|forward|exfiltrate)(?:[^.\n]{0,60})(?:~\/\.(?:ssh|aws|cursor|config|netrc|npmrc|kube)|id_rsa|\.env(?!\p{L})|\/etc\/(?:passwd|shadow)|mcp\.json|credentials file)(?:[^.\n]{0,80})(?:sidenote|parameter|argument|as (?:the )?['"`]?\p{L}+['"`]?|content of|to (?:https?:|this)|in the)/giu,
  },
  {
    stems: [['tool'], ['before', 'prior to', 'whenever', 'each time', 'every time']],
    pattern:
      /(?<!\p{L})(?:before|prior to|whenever|each time|every time)(?: you)? (?:using|calling|use|call|invoking|invoke|run|running) (?:this|any|another|any other|other|the)(?: \p{L}+)? tools?,? (?:you (?:must|should|have to|need to)|always|first|make sure to|be sure to) (?:first |always |also )?(?:read|send|call \p{L}+ with (?:the|your)|include the|copy|upload|forward|bcc|email)/giu,
  },
];

/** Tags (U+E0000-E007F) and selectors in a row spell what nobody sees; overrides of the direction make a text look like another one; so do many joiners in a row. */
const hidden =
  /[\u{e0001}-\u{e007f}]{2,}|\p{Variation_Selector}{3,}|[\u202a-\u202e\u2066-\u2069]|[\u200b\u2060\ufeff]{3,}|[\u200b-\u200d\u2060]{6,}/gu;

/** The longest phrase, with what is looked for behind it, has less than 700 characters. */
const reach = 2048;

/** In what is read between characters that nobody sees; what is found reaches over those that split it. */
function findIn(text: string, time: TimeBudget, foldedText: () => string): readonly Match[] {
  return readingsOf(text).flatMap(({ text: read, at }) => {
    time.check();
    const folded = read === text ? foldedText() : fold(read);
    const may = phrases.filter(({ stems }) => stems.every((group) => group.some((stem) => folded.includes(stem))));
    return may
      .flatMap(({ pattern }) => all(pattern, read, time))
      .map(({ start, end, type }) => ({ start: at(start), end: at(end - 1) + 1, type }));
  });
}

function all(pattern: RegExp, text: string, time: TimeBudget): readonly Match[] {
  time.check();
  const found: Match[] = [];
  for (const { 0: words, index } of text.matchAll(pattern)) {
    if (found.length % 256 === 255) time.check();
    found.push({ start: index, end: index + words.length, type: 'INJECTION' });
  }
  return found;
}

export function injectionDetector(): Detector {
  return {
    trigger: {
      needs: [...new Set(phrases.flatMap(({ stems: [first = []] }) => first))],
      loose: [],
      marks: { test: hasUnseen },
      // Nothing that nobody sees is harmless.
      glanced: { together: phrases.map(({ stems }) => stems) },
    },
    find: (text, time, folded) =>
      withoutOverlaps([
        ...findInPieces(text, reach, time, (piece) => findIn(piece, time, () => (piece === text ? folded() : fold(piece)))),
        ...(hasUnseen(text) ? all(hidden, text, time) : []),
      ]),
  };
}
