import { closeBrowser, sharedBrowser } from './chromium-browser';
import { startVsCode } from './vscode-server';

/** Exit codes of our own; the tests themselves end with 0 or 1. */
const exitCodes = { serverEnded: 97, pageCrashed: 98, timeOut: 99 } as const;

/** What `@vscode/test-electron` puts on the command line of the VS Code that it starts. */
interface Invocation {
  readonly extension: string;
  readonly tests: string;
  readonly folder: string | undefined;
}

function parse(args: readonly string[]): Invocation {
  const value = (name: string): string => {
    const prefix = `--${name}=`;
    const found = args.find((arg) => arg.startsWith(prefix));
    if (!found) throw new Error(`--${name}= is missing`);
    return found.slice(prefix.length);
  };
  return {
    extension: value('extensionDevelopmentPath'),
    tests: value('extensionTestsPath'),
    folder: args.find((arg) => !arg.startsWith('-')),
  };
}

/** A test runner that is killed tells nobody; without this its VS Code would go on for the whole deadline. */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

/**
 * Behaves like the `code` executable that `@vscode/test-electron` starts for host tests, with a VS Code server
 * and a headless browser in the place of the desktop program. Both run the same extension host.
 * `FINE_PRUNE_HOST_DEADLINE_S` bounds the whole run (default 900).
 * @returns the exit code of the tests
 */
export async function runAsDesktop(args: readonly string[]): Promise<number> {
  const { extension, tests, folder } = parse(args);
  const deadlineMs = Number(process.env.FINE_PRUNE_HOST_DEADLINE_S ?? 900) * 1000;
  endWithParent();
  const server = await startVsCode({ folder, forTests: true });
  const messages: string[] = []; // mostly VS Code's own, so they are shown only when something is wrong
  let timer: NodeJS.Timeout | undefined;
  try {
    const browser = await sharedBrowser();
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const outcome = new Promise<number>((resolve, reject) => {
      timer = setTimeout(() => {
        console.error(`The host tests took longer than ${deadlineMs / 1000} s.`);
        resolve(exitCodes.timeOut);
      }, deadlineMs);
      page.on('crash', () => resolve(exitCodes.pageCrashed));
      void server.exited.then(() => resolve(exitCodes.serverEnded));
      // The two functions by which VS Code's own test driver reports from the browser.
      const log = (type: string, values: unknown[]): void => {
        messages.push(
          [`[${type}]`, ...values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))].join(
            ' ',
          ),
        );
      };
      Promise.all([
        page.exposeFunction('codeAutomationLog', log),
        page.exposeFunction('codeAutomationExit', (code: number) => resolve(code)),
      ])
        .then(() =>
          page.goto(
            server.url(folder, [
              ['extensionDevelopmentPath', server.remoteUri(extension)],
              ['extensionTestsPath', server.remoteUri(tests)],
              ['skipWelcome', 'true'],
            ]),
          ),
        )
        .catch(reject);
    });
    const code = await outcome;
    if (code !== 0) console.error(messages.join('\n'));
    if (code === exitCodes.serverEnded) console.error(`The VS Code server ended during the tests:\n${server.output()}`);
    return code;
  } finally {
    clearTimeout(timer);
    await closeBrowser();
    await server.stop();
  }
}
