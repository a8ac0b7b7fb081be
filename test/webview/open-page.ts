import { createRequire } from 'node:module';
import { createServer, type Server } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { pageHtml } from '../../client/panels/html';
import { STYLE_HASHES } from '../../webview/ui/csp';
import { sharedBrowser } from '../harness/chromium-browser';
import { projectRoot } from '../harness/install';
import { THEMES, type Theme } from './themes';

/** A page of real components in a real browser, under the policy that the client gives to webviews. */
export interface OpenPage {
  page: Page;
  /** Violations of the policy, errors that nothing caught and errors in the console, so far. */
  faults(): Promise<string[]>;
  setTheme(theme: Theme): Promise<void>;
  close(): Promise<void>;
}

const load = createRequire(__filename);
const bundles = new Map<string, Promise<Map<string, Buffer>>>();

/** Builds an entry as esbuild.mjs does. Names of the files: `page.js`, `page.css`. */
function bundle(entry: string): Promise<Map<string, Buffer>> {
  const known = bundles.get(entry);
  if (known) return known;
  const made = build({
    absWorkingDir: projectRoot,
    entryPoints: { page: entry },
    outdir: '/',
    write: false,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'chrome120',
    minify: true,
    logLevel: 'silent',
  }).then(
    ({ outputFiles }) => new Map(outputFiles.map((file) => [path.basename(file.path), Buffer.from(file.contents)])),
  );
  bundles.set(entry, made);
  return made;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
};

async function serve(files: Map<string, Buffer>): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://local').pathname.slice(1);
    const content = files.get(name);
    if (!content) response.writeHead(404).end();
    else
      response.writeHead(200, { 'content-type': TYPES[path.extname(name)] ?? 'application/octet-stream' }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/**
 * @param entry path of the page's script, from the root
 * @param before runs in the page before any script of it
 */
export async function openPage(
  entry: string,
  { theme = 'vscode-dark', before }: { theme?: Theme; before?: (() => void) | { content: string } } = {},
): Promise<OpenPage> {
  const [page, toolkit] = await Promise.all([bundle(entry), bundle('webview/ui/toolkit.ts')]);
  const icons = path.dirname(load.resolve('@vscode/codicons/dist/codicon.css'));
  const files = new Map(page);
  files.set('toolkit.js', toolkit.get('page.js') ?? Buffer.alloc(0));
  for (const name of ['codicon.css', 'codicon.ttf']) files.set(name, await readFile(path.join(icons, name)));
  files.set('favicon.ico', Buffer.alloc(0));
  const { server, origin } = await serve(files);
  const styles = ['codicon.css', ...(page.has('page.css') ? ['page.css'] : [])].map((name) => `${origin}/${name}`);
  files.set(
    'index.html',
    Buffer.from(
      pageHtml({
        title: 'Test',
        cspSource: origin,
        styles,
        scripts: [`${origin}/toolkit.js`, `${origin}/page.js`],
        styleHashes: STYLE_HASHES,
      }),
    ),
  );

  const context = await (await sharedBrowser()).newContext({ viewport: { width: 900, height: 900 } });
  const tab = await context.newPage();
  tab.setDefaultTimeout(15_000);
  const seen: string[] = [];
  tab.on('pageerror', (error) => seen.push(`error: ${error.message}`));
  tab.on(
    'console',
    (message) =>
      (message.type() === 'error' || message.type() === 'warning') && seen.push(`console: ${message.text()}`),
  );
  await tab.addInitScript({
    content:
      'globalThis.__name = (f) => f; globalThis.violations = []; addEventListener("securitypolicyviolation", (e) => violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample} ${e.sourceFile}:${e.lineNumber}`));',
  });
  if (before) await tab.addInitScript(before);
  await tab.goto(`${origin}/index.html`);

  const setTheme = (name: Theme): Promise<void> =>
    tab.evaluate(
      ({ name, variables }) => {
        // As VS Code does: a class on the body, variables on the root, both through the object model.
        document.body.className = name;
        document.documentElement.removeAttribute('style');
        document.body.style.backgroundColor = 'var(--vscode-editor-background)';
        document.body.style.color = 'var(--vscode-foreground)';
        document.body.style.font = '13px system-ui';
        for (const [variable, value] of Object.entries(variables))
          document.documentElement.style.setProperty(variable, value);
      },
      { name, variables: THEMES[name] },
    );
  await setTheme(theme);
  return {
    page: tab,
    setTheme,
    faults: async () => [
      ...seen,
      ...(await tab.evaluate(() => (globalThis as unknown as { violations: string[] }).violations)),
    ],
    close: async () => {
      await context.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What axe finds that is serious or critical: rule, and the elements. */
export async function seriousIssues(page: Page): Promise<string[]> {
  const source = await readFile(load.resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          where: Document,
        ): Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run(document);
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
      );
  });
}
