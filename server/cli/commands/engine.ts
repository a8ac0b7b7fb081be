import { createInterface } from 'node:readline/promises';
import { Command, Option } from 'commander';
import {
  type InstallPlan,
  installNativeEngine,
  planInstall,
  removeNativeEngine,
} from '../../engine/backend/install/native-install';
import { findNativeEngine, type NativeEngineStatus } from '../../engine/backend/native-sources';
import { rememberedFault, whyOff } from '../../engine/backend/one-dnn';
import { badInput, cancelled } from '../../protocol/errors';
import { withCancellation } from '../cancellation';
import { conclude, EXIT } from '../exit';
import { createProgress } from '../output/progress';
import { megabytes } from '../../protocol/words';
import { print, printJson, say } from '../output/print';

type Source = 'python' | 'wheel' | 'tfjs-node';

/** `fine-prune engine status|install|remove`. */
export function engineCommand(): Command {
  return new Command('engine')
    .description(
      'Check, install or remove the native engine (TensorFlow). Without it, the embedded WASM engine is used.',
    )
    .addCommand(statusCommand())
    .addCommand(installCommand())
    .addCommand(removeCommand())
    .addHelpText(
      'after',
      `
An engine is taken from the first of these that has one: the path in FINE_PRUNE_NATIVE_BINDING; the cache; tensorflow-cpu
in your Python (linked); the pinned tensorflow-cpu wheel by pip, sha256 checked; what tfjs-node's own installer downloads.
The cache is FINE_PRUNE_CACHE, or else your user's cache folder.

Examples:
  $ fine-prune engine status
  $ fine-prune engine install
  $ fine-prune engine install --yes --from wheel      in CI
  $ fine-prune engine remove`,
    );
}

function statusCommand(): Command {
  return new Command('status')
    .description('Show which engine a run with backend `auto` uses, and what an install would do.')
    .option('--json', 'one JSON object on standard output')
    .addHelpText('after', '\nExample:\n  $ fine-prune engine status')
    .action((flags: { json?: boolean }) =>
      conclude(flags.json ?? false, async () => {
        const native = await findNativeEngine();
        const plan = native.installed ? undefined : await planInstall();
        const oneDnnFault = native.installed ? await rememberedFault(native) : null;
        if (flags.json) printJson({ native, ...(oneDnnFault && { oneDnnFault }), ...(plan && { plan }) });
        else {
          const off = oneDnnFault ? `  ${whyOff({ on: false, fault: oneDnnFault, chosen: false })}\n` : '';
          print(
            `${describeStatus(native)}${off}${plan ? `${describePlan(plan)}\nInstall it: fine-prune engine install\n` : ''}`,
          );
        }
        return EXIT.ok;
      }),
    );
}

function installCommand(): Command {
  return new Command('install')
    .description('Install the native engine. Asks for confirmation once, with size and folder.')
    .option('-y, --yes', 'do not ask for confirmation')
    .addOption(new Option('--from <source>', 'use only this source').choices(['python', 'wheel', 'tfjs-node']))
    .option('--json', 'one JSON object on standard output, progress on standard error')
    .addHelpText(
      'after',
      '\nExamples:\n  $ fine-prune engine install\n  $ fine-prune engine install --yes --from python',
    )
    .action((flags: { yes?: boolean; from?: Source; json?: boolean }) =>
      conclude(flags.json ?? false, () => install(flags)),
    );
}

async function install({ yes, from, json }: { yes?: boolean; from?: Source; json?: boolean }): Promise<number> {
  const progress = createProgress(process.stderr);
  const status = await withCancellation(progress.line, async (signal) => {
    const plan = await planInstall({ from, signal });
    if (plan.diskBytes > 0 && !yes) await askFirst(plan, signal);
    return await installNativeEngine({
      from,
      signal,
      onProgress: (step, done, total) => progress.step(step, done, total, bytes(done, total)),
    });
  }).finally(progress.stop);
  if (json) printJson({ native: status });
  else print(describeStatus(status));
  return EXIT.ok;
}

async function askFirst(plan: InstallPlan, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw badInput('cli.needsYes', `Not a terminal; pass --yes to confirm (${sizes(plan)}).`, {
      file: plan.folder,
      todo: 'Run the command again with --yes.',
    });
  }
  say(`${describePlan(plan)}\n`);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // readline takes Ctrl-C for itself while it asks.
  prompt.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const answer = await prompt.question('Install it? [y/N] ', { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw cancelled();
  } catch (error) {
    throw signal.aborted ? cancelled() : error;
  } finally {
    prompt.close();
  }
}

function removeCommand(): Command {
  return new Command('remove')
    .description(
      'Remove the native engine from the cache, along with what was recorded about oneDNN here; an engine that is configured or in node_modules stays.',
    )
    .addHelpText('after', '\nExample:\n  $ fine-prune engine remove')
    .action(() =>
      conclude(false, async () => {
        const removed = await removeNativeEngine();
        print(
          removed ? 'The native engine was removed from the cache.\n' : 'There was no native engine in the cache.\n',
        );
        return EXIT.ok;
      }),
    );
}

function describeStatus(status: NativeEngineStatus): string {
  const lines = [
    `Native engine: ${status.installed ? 'installed' : 'not installed; runs use WASM'}`,
    `  ${status.why}`,
  ];
  if (status.path !== undefined) lines.push(`  ${status.path}`);
  return `${lines.join('\n')}\n`;
}

function describePlan(plan: InstallPlan): string {
  return `An install would use: ${plan.description}\n  ${sizes(plan)}, in ${plan.folder}`;
}

function sizes({ downloadBytes, diskBytes }: InstallPlan): string {
  return `${downloadBytes > 0 ? megabytes(downloadBytes) : 'nothing'} to download, ${megabytes(diskBytes)} on the disk`;
}

/** Where bytes are moved, their count; a step of 0 or 1 has nothing to tell. */
function bytes(done: number, total: number): string | undefined {
  return total > 1 ? `${megabytes(done)} of ${megabytes(total)}` : undefined;
}
