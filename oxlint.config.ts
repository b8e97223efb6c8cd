// What oxlint refuses. The restrictions on imports come from the table of test/architecture, so that editor and test say the same.
// They cover the files right in each folder; the architecture test covers every file.
import { posix } from 'node:path';
import { doors } from './test/architecture/door.ts';
import { type Layer, layers } from './test/architecture/table.ts';

const restrict = (files: string, layer: Layer, packages: readonly string[]) => ({
  files: [files],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: ['*', '**/*', ...allowances(layer, packages).map((each) => `!${each}`)],
            message: `${layer.at} may not import this: see "Who may import whom" in ARCHITECTURE.md.`,
          },
        ],
      },
    ],
  },
});

function allowances(layer: Layer, packages: readonly string[]): readonly string[] {
  const folder = posix.dirname(`${layer.at}x`);
  const own = layer.at.endsWith('/') || layer.at.endsWith('/*') ? ['./*', './**/*'] : [];
  const ours = layer.ours.flatMap((at) => {
    if (at === 'contract/') return ['#contract/*'];
    const relative = posix.relative(folder, at) || '.';
    const path = relative.startsWith('.') ? relative : `./${relative}`;
    return at.endsWith('/') ? [`${path}/*`, `${path}/**/*`] : [path];
  });
  const node = layer.node === 'all' ? ['node:*', 'node:*/*'] : layer.node.map((name) => `node:${name}`);
  return [...own, ...ours, ...node, ...packages.flatMap((name) => [name, `${name}/**`])];
}

// The last override that fits a file counts, so the most specific row comes last.
const restrictions = layers
  .toSorted((a, b) => a.at.length - b.at.length)
  .flatMap((layer) => {
    const isOpen = (name: string) => !doors[name] || doors[name].some((at) => layer.at.startsWith(at));
    const files = layer.at.endsWith('/') ? `${layer.at}*.{ts,tsx}` : layer.at.replace(/\*$/, '*.{ts,tsx}');
    const door = layer.packages.flatMap((name) =>
      isOpen(name) ? [] : (doors[name] ?? []).filter((at) => at.startsWith(layer.at)).map((at) => ({ at, name })),
    );
    const open = layer.packages.filter(isOpen);
    return [restrict(files, layer, open), ...door.map(({ at, name }) => restrict(at, layer, [...open, name]))];
  });

export default {
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'react', 'promise', 'vitest'],
  categories: { correctness: 'error' },
  ignorePatterns: ['out/**', 'node_modules/**', '.drawbridge/**'],
  rules: {
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
    'typescript/no-require-imports': 'error',
    // A copy is the plain way to walk a map whose entries end themselves on the way.
    'unicorn/no-useless-spread': 'off',
    'eslint/eqeqeq': 'error',
    'eslint/no-var': 'error',
    'eslint/prefer-const': 'error',
    'eslint/max-lines': ['error', { max: 400 }],
    'promise/no-multiple-resolved': 'error',
    // The second argument says what was looked at.
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    // Properties and shared suites expect inside callbacks and functions of their own.
    'vitest/no-conditional-expect': 'off',
    'vitest/expect-expect': 'off',
    'vitest/require-to-throw-message': 'off',
    'promise/no-callback-in-promise': 'off',
    // What a device sends is cleaned of control characters; that needs them in patterns.
    'eslint/no-control-regex': 'off',
  },
  overrides: [
    ...restrictions,
    // The only places where the compiler is overruled: schemas, the one maker of an AllowedCall, and tests that hand over what it forbids.
    { files: ['contract/**', 'gateway/policy/decide.ts', 'test/**'], rules: { 'typescript/consistent-type-assertions': 'off' } },
    { files: ['*.config.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
};
