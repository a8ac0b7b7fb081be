import { readdirSync } from 'node:fs';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { rooms } from './eslint.rooms.mjs';

const forbid = (files, ...rules) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: rules.map(([group, message, importNames]) => ({
          group,
          message,
          ...(importNames && { importNames }),
        })),
      },
    ],
  },
});
const vscode = [['vscode'], "'vscode' is imported only in client/"];

const NO_LSP = [['vscode-language*'], 'the engine knows no LSP'];
const NO_TENSORS = [
  ['@tensorflow/*'],
  'tensors stay in model/ and backend/: others give and get plain arrays (model/network)',
];

// A link may lead to a device, a pipe makes a reader wait for ever, and a size that was asked for before is not the size that is read.
const READERS = ['readFile', 'open', 'read', 'readv', 'createReadStream', 'openAsBlob'];
const BARE_READS = [
  ['node:fs', 'node:fs/promises', 'fs', 'fs/promises'],
  'files are read through server/engine/files/read.ts',
  [...READERS, ...READERS.map((name) => `${name}Sync`), 'default'],
];

// Deprecated upstream: one file knows it, so that one file has to change when it goes.
const TOOLKIT = [
  ['@vscode/webview-ui-toolkit', '@vscode/webview-ui-toolkit/*'],
  'only webview/ui/toolkit.ts imports the component library',
];

// Names of files have one home.
const FILE_NAMES = [
  'Literal[value=/FILE_NAMES/]:not(ImportDeclaration > Literal)',
  'TemplateElement[value.raw=/FILE_NAMES/]',
  'Literal[regex.pattern=/(fineprune|defense|defense-review|scan).+json/]',
].map((selector) => ({
  selector: selector.replace(
    'FILE_NAMES',
    String.raw`\.(fineprune|defense|defense-review|scan)\.(json|md)|(^|[}*])\.defended`,
  ),
  message: 'endings of files come from server/protocol/files.ts',
}));

// A data format is named where its fields are, and in its own folder: everybody else asks the registry. Its name is therefore no
// everyday word.
const DATA_FORMATS = readdirSync(new URL('server/engine/data/formats', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({
    selector: `Literal[value='${name}']`,
    message:
      'data formats are named in server/protocol/data-source.ts and read through server/engine/data/formats/registry.ts',
  }));

export default tseslint.config(
  { ignores: ['dist/**', 'out/**', 'node_modules/**', '.cache/**', '.vscode-test/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    // One program for all files is a fifth faster here than the project service.
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
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
    files: ['client/**', 'server/**', 'webview/**', 'study/**'],
    rules: { 'no-restricted-syntax': ['error', ...FILE_NAMES, ...DATA_FORMATS] },
  },
  // One way to the terminal, which spells out whatever could steer it.
  {
    files: ['server/cli/**'],
    ignores: ['server/cli/output/print.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...FILE_NAMES,
        ...DATA_FORMATS,
        {
          selector: "CallExpression[callee.property.name='write'][callee.object.object.name='process']",
          message: 'what people see goes through server/cli/output/print.ts',
        },
      ],
    },
  },
  // The homes of these names; `files/` tells kinds of file, of which a data format is one.
  { files: ['server/protocol/files.ts'], rules: { 'no-restricted-syntax': ['error', ...DATA_FORMATS] } },
  {
    files: [
      'server/protocol/data-source.ts',
      'server/engine/data/formats/registry.ts',
      'server/engine/data/formats/*/**',
      'server/engine/files/*.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', ...FILE_NAMES] },
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
  {
    files: ['client/**', 'server/**', 'webview/**', 'study/**'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    ...rooms,
  },
  forbid(['server/**'], vscode, BARE_READS),
  forbid(['study/**'], vscode, NO_LSP, NO_TENSORS),
  forbid(['server/engine/**'], vscode, NO_LSP, NO_TENSORS, BARE_READS),
  forbid(['server/engine/model/**', 'server/engine/backend/**'], vscode, NO_LSP, BARE_READS),
  // They write, or give the lock's library what it asks for; /proc/cpuinfo is no regular file.
  forbid(['server/engine/files/**', 'server/engine/process/*.ts'], vscode, NO_LSP, NO_TENSORS),
  forbid(['server/engine/model/formats/saved-folder.ts', 'server/engine/backend/cpu.ts'], vscode, NO_LSP),
  forbid(['server/jobs/lock.ts'], vscode),
  forbid(['webview/**'], vscode, TOOLKIT),
  { files: ['webview/ui/toolkit.ts'], rules: { 'no-restricted-imports': 'off' } },
);
