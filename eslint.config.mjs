import tseslint from 'typescript-eslint';

// The rooms of docs/architecture.md: who may import whom. Data flows one way.
const forbid = (files, ...rules) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: rules.map(([group, message]) => ({ group, message })) }] },
});
const vscode = [['vscode'], "'vscode' is imported only in client/"];
const room = (...names) => [names.flatMap((n) => [`**/${n}`, `**/${n}/**`]), `this room may not import ${names.join(', ')}`];

export default tseslint.config(
  { ignores: ['dist/**', 'out/**', 'node_modules/**', '.cache/**', '.vscode-test/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      'no-restricted-syntax': ['error', { selector: 'CallExpression[callee.property.name=/^(only|skip)$/]', message: 'no test runs alone or is skipped' }],
    },
  },
  { files: ['**/*.mjs', '**/*.js'], ...tseslint.configs.disableTypeChecked },
  forbid(['server/protocol/**'], vscode, [['./../*', '../*'], 'protocol imports nothing']),
  forbid(['server/engine/**'], vscode, room('client', 'language', 'jobs'), [['vscode-language*'], 'the engine knows no LSP']),
  forbid(['server/language/**'], vscode, room('client', 'jobs', 'engine')),
  forbid(['server/jobs/**', 'server/*.ts'], vscode, room('client')),
  forbid(['client/**'], room('engine', 'jobs')),
);
