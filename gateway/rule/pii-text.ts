// Personal data that its shape and the words around it tell: telephone numbers, addresses on the net, dates of birth.
// The rule: a number that anything could have needs a word before it that says what it is.
import { isIPv4, isIPv6 } from 'node:net';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { findNumbers } from './digit.ts';
import type { Found, Recognizer } from './pii-context.ts';

const phoneRun =
  /(?<![A-Za-z\u00c0-\u04ff\p{N}_.#/@-])(?:\+|00)?\(?\d(?:[ ().\u00a0\u2010-\u2013/-]{0,3}\d){6,14}(?![A-Za-z\u00c0-\u04ff\p{N}_@]|[.-]\d)/uy;
export const phoneWords =
  /\b(?:phone|telephone|tel|mobile|cell|call|fax|whatsapp|sms|contact|handy|telefon|telefono|teléfono|téléphone|portable|móvil|celular|numero)\b|電話|电话|тел/iu;

/** Of each of those words a piece, folded; of none that is Cyrillic, whose letters are not harmless. */
export const phoneStems = [
  'phone',
  'tel',
  'mobile',
  'cell',
  'call',
  'fax',
  'whatsapp',
  'sms',
  'contact',
  'handy',
  'portable',
  'celular',
  'numero',
  'vil',
  '電話',
  '电话',
];

/** 415-555-0123 */
const usualLength = 12;
const none: readonly Found[] = [];

/** What a number begins with before its first digit: a plus, a bracket, or both. */
function beforePhone(text: string, at: number): number {
  const isOpen = text[at - 1] === '(';
  return (isOpen ? 1 : 0) + (text[at - (isOpen ? 2 : 1)] === '+' ? 1 : 0);
}

export const phones: Recognizer = (text, { digits, near }) =>
  findNumbers(phoneRun, text, digits, 7, beforePhone).flatMap(({ start, end, raw }): readonly Found[] => {
    const isInternational = raw.startsWith('+') || raw.startsWith('00');
    const isNamed = near(start, end, phoneWords);
    // Neither a prefix nor a word: only as people of the US write theirs.
    const isUsual = raw.length >= usualLength && /^(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}$/.test(raw);
    if (!isInternational && !isNamed && !isUsual) return none;
    const parsed = parsePhoneNumberFromString(raw.replace(/^00/, '+'), 'US');
    if (parsed?.isValid() !== true) return isNamed && !isInternational ? [{ start, end, score: 0.5 }] : [];
    return [{ start, end, score: isNamed ? 1 : isInternational ? 0.8 : 0.6 }];
  });

const addressRun =
  /(?<![A-Za-z\u00c0-\u04ff\p{N}_.:-])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\d{1,3}(?:\.\d{1,3}){3})?)(?![A-Za-z\u00c0-\u04ff\p{N}_]|\.\d)/gu;
const versionWords = /\b(?:version|ver|v|release|build|section|chapter)\.? ?$/i;

export const addresses: Recognizer = (text, { before }) =>
  [...text.matchAll(addressRun)].flatMap(({ 0: raw, index }): Found[] => {
    if (!isIPv4(raw) && !(isIPv6(raw) && raw !== '::')) return [];
    const isVersion = versionWords.test(before(index));
    return [{ start: index, end: index + raw.length, score: isVersion ? 0.2 : 0.9 }];
  });

/** Of these one stands in each, folded. */
export const urlMarks = ['http://', 'https://', 'ftp://'];
const urlRun = /(?<![A-Za-z\u00c0-\u04ff\p{N}])(?:https?|ftp):\/\/[^\s<>"'`\\^{|}]{3,2000}/giu;

export const urls: Recognizer = (text, { tick }) =>
  [...text.matchAll(urlRun)].flatMap(({ 0: raw, index }): Found[] => {
    tick();
    const trimmed = raw.replace(/[.,;:!?)\]]+$/, '');
    return URL.canParse(trimmed) ? [{ start: index, end: index + trimmed.length, score: 0.9 }] : [];
  });

const dateRun =
  /(?<![A-Za-z\u00c0-\u04ff\p{N}_./-])(?:(?:19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:19|20)?\d{2}|(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?\.? \p{L}{3,9}\.?,? (?:19|20)\d{2}|\p{L}{3,9}\.? (?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,? (?:19|20)\d{2})(?![A-Za-z\u00c0-\u04ff\p{N}_]|[./-]\d)/gu;
const birthWords =
  /\b(?:born|birth ?-?(?:date|day)?|d\.?o\.?b\.?|date of birth|geboren|geburtsdatum|geb|né|née|naissance|nacido|nacida|nacimiento|nato|nata|nascita|nascimento)\b|生年月日|出生|род/iu;

/** Of each of those words a piece, folded. */
const birthStems = /born|birth|d\.? ?o\.? ?b|gebor|geburt|geb|né|naiss|naci[dm]|nat[oa]|nasc|生年月日|出生|род/;

/** The same as texts, but for what is Cyrillic. */
export const birthPieces = [
  ...['born', 'birth', 'geb', 'naiss', 'nacid', 'nacim', 'nato', 'nata', 'nasc', 'né', '生年月日', '出生'],
  ...['', '.', ' ', '. '].flatMap((one) => ['', '.', ' ', '. '].map((other) => `d${one}o${other}b`)),
];

export function isOfBirth(folded: string): boolean {
  return birthStems.test(folded);
}

/** Any date may be: only what is called so is. */
export const birthDates: Recognizer = (text, { near }) =>
  [...text.matchAll(dateRun)].flatMap(({ 0: raw, index }): Found[] =>
    near(index, index + raw.length, birthWords) ? [{ start: index, end: index + raw.length, score: 0.9 }] : [],
  );
