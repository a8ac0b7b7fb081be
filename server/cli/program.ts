import { Command, CommanderError } from 'commander';
import { checkCommand } from './commands/check';
import { compareCommand } from './commands/compare';
import { EXIT } from './exit';
import { print, printJson, say } from './output/print';
import { engineCommand } from './commands/engine';
import { initCommand } from './commands/init';
import { poisonTrainCommand } from './commands/poison-train';
import { reportCommand } from './commands/report';
import { runCommand } from './commands/run';
import { scanCommand } from './commands/scan';
import { textconvCommand } from './commands/textconv';
import { TOOL } from '../engine/process/version';

/** The whole command line. */
export function buildProgram(): Command {
  const program = new Command('fine-prune')
    .description(
      'Is there a backdoor in this neural network, and can I get it out? Measures, prunes, fine-tunes and measures again.',
    )
    .version(TOOL, '-V, --version')
    .addHelpText(
      'after',
      `
Examples:
  $ fine-prune scan model.json --clean X.gz Y.gz
  $ fine-prune init model.json --train X.gz Y.gz --test x.gz y.gz --trigger patch --target 0
  $ fine-prune run model.json
  $ fine-prune check --measure --base origin/main
  $ fine-prune engine install

Run \`fine-prune help COMMAND\` for details and examples.`,
    );
  for (const command of [
    runCommand(),
    scanCommand(),
    initCommand(),
    poisonTrainCommand(),
    reportCommand(),
    compareCommand(),
    checkCommand(),
    textconvCommand(),
    engineCommand(),
  ])
    program.addCommand(command);
  throwErrors(program);
  return program;
}

/**
 * commander would exit with 1, which means a missed gate here, and print what was typed as it is. Subcommands that are added do not inherit
 * this.
 */
function throwErrors(command: Command): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: say })
    .showHelpAfterError('(run with --help for details and examples)');
  command.commands.forEach(throwErrors);
}

/** Runs the command line and sets the exit code of the process. @param args what follows the program's name */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const asked =
      error.code === 'commander.helpDisplayed' ||
      error.code === 'commander.version' ||
      (error.code === 'commander.help' && args.includes('help'));
    process.exitCode = asked ? EXIT.ok : EXIT.input;
    if (!asked && args.includes('--json')) {
      printJson({ failure: { kind: 'input', code: 'cli.usage', message: error.message.replace(/^error: /, '') } });
    }
  }
}
