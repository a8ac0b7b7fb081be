// Runs inside VS Code: how long does the extension take to activate, and its server to be ready?
import { writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { resultsVariable, type HostResults } from '../host/results';

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension<{ ready: Promise<void> }>('fine-prune.fine-prune');
  if (!extension) throw new Error('fine-prune.fine-prune is not installed');
  const start = performance.now();
  const api = await extension.activate();
  const activateMs = Math.round(performance.now() - start);
  await api.ready;
  writeFileSync(
    process.env.FINE_PRUNE_ACTIVATION!,
    JSON.stringify({ activateMs, readyMs: Math.round(performance.now() - start) }),
  );
  const results: HostResults = {
    passed: 1,
    failed: 0,
    ms: activateMs,
    tests: [{ title: 'activation', state: 'passed', ms: activateMs }],
  };
  writeFileSync(process.env[resultsVariable]!, JSON.stringify(results));
}
