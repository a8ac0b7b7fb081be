import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { command, type Ended, type ReviewRepo, ROOT } from '../review-repo';

/** A parser of YAML 1.2, as mocha brings it: `on` is a key there and not `true`. */
const { load } = createRequire(__filename)('js-yaml') as { load(text: string): unknown };

export interface Step {
  name?: string;
  id?: string;
  if?: string;
  uses?: string;
  run?: string;
  shell?: string;
  env?: Record<string, string>;
  with?: Record<string, unknown>;
  'continue-on-error'?: boolean;
}
export interface Action {
  inputs: Record<string, { default: string; description: string }>;
  outputs: Record<string, { value: string }>;
  runs: { using: string; steps: Step[] };
}
export interface Workflow {
  on: Record<string, null>;
  permissions: Record<string, string>;
  jobs: Record<string, { permissions: Record<string, string>; steps: Step[]; 'timeout-minutes': number }>;
}

export const readAction = (): Action => load(readFileSync(path.join(ROOT, 'action.yml'), 'utf8')) as Action;
export const readWorkflow = (): Workflow =>
  load(readFileSync(path.join(ROOT, 'examples/workflows/fine-prune.yml'), 'utf8')) as Workflow;

/** A checkout of a pull request's merge commit, as actions/checkout makes it with a fetch-depth of 2. */
export interface Checkout {
  dir: string;
  /** What the event says of the pull request. */
  event: { baseSha: string; headSha: string };
}

/**
 * Merges the newest commit of a repository, the pull request, into `base` and checks the merge out in a shallow clone.
 * @param eventBase what the event calls the base; it may be older than what the merge has as its first parent
 */
export function checkoutOf(repo: ReviewRepo, base: string, dir: string, eventBase = base): Checkout {
  const headSha = repo.git('rev-parse', 'HEAD').trim();
  const baseSha = repo.git('rev-parse', eventBase).trim();
  const tree = repo.git('rev-parse', 'HEAD^{tree}').trim();
  const merge = repo
    .git('commit-tree', tree, '-p', repo.git('rev-parse', base).trim(), '-p', headSha, '-m', 'Merge')
    .trim();
  repo.git('update-ref', 'refs/pull/1/merge', merge);
  mkdirSync(dir, { recursive: true });
  for (const args of [
    ['init', '--quiet'],
    ['fetch', '--quiet', '--depth=2', `file://${repo.dir}`, 'refs/pull/1/merge'],
    ['checkout', '--quiet', '--detach', 'FETCH_HEAD'],
  ]) {
    const { code, stderr } = command('git', args, dir);
    if (code !== 0) throw new Error(stderr);
  }
  return { dir, event: { baseSha, headSha } };
}

/** How a run of the action ended. */
export interface ActionRun {
  /** Exit code by the step's name; null for one that did not run. */
  codes: Record<string, number | null>;
  /** The last exit code that counts: that of the job. */
  failed: boolean;
  log: string;
  summary: string;
  outputs: Record<string, Record<string, string>>;
  /** Inputs of the actions that would have run, by name. */
  used: Record<string, Record<string, string>>;
}

/**
 * Runs the steps of action.yml in their order, as a runner does: the very scripts, by bash, with environment, outputs and
 * conditions. Steps that use other actions are noted, not run.
 */
export function runAction(
  { dir, event }: Checkout,
  temp: string,
  inputs: Record<string, string> = {},
  more: { env?: NodeJS.ProcessEnv } = {},
): ActionRun {
  const action = readAction();
  mkdirSync(temp, { recursive: true });
  const [output, summary] = ['output', 'summary.md'].map((name) => path.join(temp, name)) as [string, string];
  writeFileSync(summary, '');
  const run: ActionRun = { codes: {}, failed: false, log: '', summary: '', outputs: {}, used: {} };
  const context: Record<string, string> = {
    ...Object.fromEntries(Object.entries(action.inputs).map(([name, { default: value }]) => [`inputs.${name}`, value])),
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`inputs.${name}`, value])),
    'github.action_path': ROOT,
    'github.server_url': 'https://github.com',
    'github.repository': 'team/models',
    'github.token': 'a-token',
    'github.event.pull_request.number': '1',
    'github.event.pull_request.base.sha': event.baseSha,
    'github.event.pull_request.head.sha': event.headSha,
  };
  const lookup = (name: string): string => {
    if (name.startsWith('steps.')) return run.outputs[name.split('.')[1]!]?.[name.split('.')[3]!] ?? '';
    const value = context[name];
    if (value === undefined) throw new Error(`the runner does not know ${name}`);
    return value.startsWith('${{') ? expand(value) : value;
  };
  const expand = (text: string): string =>
    text.replace(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, name: string) => lookup(name));
  const holds = (condition: string): boolean =>
    condition.split('&&').every((part) => {
      const [, name, operator, word] = /^\s*([\w.-]+)\s*(?:(==|!=)\s*'([^']*)')?\s*$/.exec(part) ?? [];
      if (!name) throw new Error(`the runner does not know the condition ${part}`);
      return operator === undefined ? lookup(name) !== '' : (lookup(name) === word) === (operator === '==');
    });

  action.runs.steps.forEach((step, at) => {
    const name = step.name ?? String(at);
    run.codes[name] = null;
    if (run.failed || (step.if && !holds(step.if))) return;
    if (step.uses) {
      run.used[step.uses.split('@')[0]!] = Object.fromEntries(
        Object.entries(step.with ?? {}).map(([key, value]) => [key, expand(String(value))]),
      );
      return;
    }
    const script = path.join(temp, `step-${at}.sh`);
    writeFileSync(script, step.run!);
    writeFileSync(output, '');
    const env = {
      ...Object.fromEntries(Object.entries(step.env ?? {}).map(([key, value]) => [key, expand(value)])),
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_ACTIONS: 'true',
      RUNNER_TEMP: temp,
      ...more.env,
    };
    const ended: Ended = command('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], dir, env);
    run.codes[name] = ended.code;
    run.log += `${ended.stdout}${ended.stderr}`;
    if (step.id) run.outputs[step.id] = outputsIn(readFileSync(output, 'utf8'));
    if (ended.code !== 0 && !step['continue-on-error']) run.failed = true;
  });
  run.summary = readFileSync(summary, 'utf8');
  return run;
}

/** `name=value` lines and `name<<END … END` blocks. */
function outputsIn(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, block, end, body, name, value] of text.matchAll(
    /^(?:([\w-]+)<<(\w+)\n([\s\S]*?)\n\2|([\w-]+)=(.*))$/gm,
  )) {
    if (block && end) found[block] = body!;
    else found[name!] = value!;
  }
  return found;
}
