import tseslint from 'typescript-eslint';

// The rooms of docs/architecture.md: who may import whom. Data flows one way.
const forbid = (files, ...rules) => ({
  files,
  rules: {
    'no-restricted-imports': ['error', { patterns: [...rules, STUDY].map(([group, message]) => ({ group, message })) }],
  },
});
// Its own files name each other without the folder.
const STUDY = [['**/study/**'], 'nothing that is shipped imports the study'];
const vscode = [['vscode'], "'vscode' is imported only in client/"];
// Types of the engine's messages live in protocol/messages/engine, which everybody may read.
const room = (...names) => [
  [...names.flatMap((n) => [`**/${n}`, `**/${n}/**`]), '!**/protocol/messages/engine'],
  `this room may not import ${names.join(', ')}`,
];

// Deprecated upstream: one file knows it, so that one file has to change when it goes.
const TOOLKIT = [
  ['@vscode/webview-ui-toolkit', '@vscode/webview-ui-toolkit/*'],
  'only webview/ui/toolkit.ts imports the component library',
];

export default tseslint.config(
  { ignores: ['dist/**', 'out/**', 'node_modules/**', '.cache/**', '.vscode-test/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CallExpression[callee.property.name=/^(only|skip)$/]',
          message: 'no test runs alone or is skipped',
        },
      ],
    },
  },
  {
    // Names of files have one home.
    files: ['client/**', 'server/**', 'webview/**', 'study/**'],
    ignores: ['server/protocol/files.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          'Literal[value=/FILE_NAMES/]:not(ImportDeclaration > Literal)',
          'TemplateElement[value.raw=/FILE_NAMES/]',
          'Literal[regex.pattern=/(fineprune|defense|defense-review|scan).+json/]',
        ].map((selector) => ({
          selector: selector.replace(
            'FILE_NAMES',
            String.raw`\.(fineprune|defense|defense-review|scan)\.(json|md)|(^|[}*])\.defended`,
          ),
          message: 'endings of files come from server/protocol/files.ts',
        })),
      ],
    },
  },
  // What a person can read in one go.
  { rules: { 'max-lines': ['error', 300] } },
  {
    // In tests the blocks of mocha are functions.
    ignores: ['test/**/*.ts', 'test/**/*.tsx'],
    rules: { 'max-lines-per-function': ['error', 80] },
  },
  { files: ['**/*.mjs', '**/*.js', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
  // mocha loads a reporter by require.
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  forbid(['server/protocol/*.ts'], vscode, [['../*'], 'protocol imports nothing from outside']),
  forbid(['server/protocol/*/**'], vscode, [['../../*'], 'protocol imports nothing from outside']),
  forbid(['server/engine/**'], vscode, room('client', 'language', 'jobs'), [
    ['vscode-language*'],
    'the engine knows no LSP',
  ]),
  forbid(['server/language/**'], vscode, room('client', 'jobs', 'engine')),
  forbid(['server/jobs/**', 'server/cli/**', 'server/main/**', 'server/*.ts'], vscode, room('client')),
  forbid(['client/**'], room('engine', 'jobs'), [
    [
      '**/webview/ui/**',
      '!**/webview/ui/csp',
      '**/webview/inspector/**',
      '**/webview/report/**',
      '**/webview/compare/**',
    ],
    'of webview/, the client knows the messages and what the libraries write into a page',
  ]),
  // Pages talk to the rest through messages alone.
  forbid(['webview/**'], vscode, room('client', 'engine', 'jobs', 'main', 'cli'), TOOLKIT),
  forbid(
    ['webview/messages/**'],
    vscode,
    room('client', 'engine', 'jobs', 'main', 'cli', 'language', 'ui', 'inspector', 'compare'),
  ),
  // Works with the engine, as the command line does.
  forbid(['study/**'], vscode, room('client', 'language', 'main', 'cli', 'webview')),
  { files: ['webview/ui/toolkit.ts'], rules: { 'no-restricted-imports': 'off' } },
);
