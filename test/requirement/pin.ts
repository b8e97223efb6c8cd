// What is promised of pins: which definition of an item somebody stood for.
import type { Requirement } from '../requirement.ts';

export const pin: readonly Requirement[] = [
  {
    id: 'pin.canonical',
    promise: 'Two texts of one definition have one hash: the order of keys, spaces, escapes and forms of numbers do not count.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.whole',
    promise: 'Every member of a definition counts, unknown ones too: a change of any has another hash.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.two-readers',
    promise: 'Where two readers could read two definitions in the same bytes, the bytes count, and it is suspicious.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.words-between',
    promise: 'Words for the model are found between characters that nobody sees, also where those have their use.',
    source: 'docs/pins.md, "What is suspicious"',
  },
  {
    id: 'pin.diff-hides-nothing',
    promise: 'A diff of two definitions names each place, and writes out what nobody could see.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.unseen',
    promise: 'Characters that nobody sees are pointed at in a definition, in keys and deep in schemas too.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.pages',
    promise: 'Definitions are listed page by page, each once, in an order that what comes meanwhile does not change.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.look-alike',
    promise: "A name that passes for another server's is pointed at.",
    source: 'docs/pins.md',
  },
  {
    id: 'pin.spelling',
    promise: 'A resource on hold is on hold by every spelling of its URI that its server may take for it.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.renamed',
    promise: 'A tool that comes while another one goes waits for an administrator.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.call-first',
    promise: 'A call of an item whose definition its caller was never shown asks the server for it first.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.held-at-first',
    promise: 'A definition that turns its text around, hides something or speaks to the model waits also when it is first seen.',
    source: 'docs/pins.md, "What is pinned"',
  },
  {
    id: 'pin.first-once',
    promise: 'Of several definitions of one item that are seen first at the same time one is pinned.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.broken-closes',
    promise: 'Where a pin can not be read, nothing of its assignment may be used.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.template',
    promise: 'A resource that no list shows is on hold where the template that it fits is.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.beyond-once',
    promise: 'A definition beyond those that are kept is on hold, and costs no more than the others each time that it is listed.',
    source: 'docs/pins.md',
  },
  {
    id: 'pin.subscription',
    promise: 'A host hears of a resource whose definition counts, and no more once it does not.',
    source: 'docs/pins.md',
  },
];
