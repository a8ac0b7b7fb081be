import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addDecision } from '../../../server/engine/report/review/review';
import { makeTempDir } from '../../harness/processes';
import { checkoutOf, readAction, readWorkflow, runAction, type ActionRun, type Step } from './runner';
import { demoConfig } from '../demo-folder';
import { ReviewRepo, ROOT } from '../review-repo';

const LOOSE = '"backend": "wasm", "gates": { "maxAttackSuccessRate": 1, "maxAccuracyDrop": 0.2 }';

describe('action.yml and the example workflow, by their text', () => {
  const action = readAction();
  const workflow = readWorkflow();
  const steps: Step[] = [...action.runs.steps, ...Object.values(workflow.jobs).flatMap((job) => job.steps)];

  it('pastes no expression into a script', () => {
    const scripts = steps.filter(({ run }) => run !== undefined);
    assert.ok(scripts.length >= 5);
    for (const { run, name } of scripts) assert.ok(!run!.includes('${{'), name);
    for (const { run, shell, name } of action.runs.steps) if (run) assert.equal(shell, 'bash', name);
  });

  it('pins every other action to a full commit, with its version beside it', () => {
    const texts = ['action.yml', 'examples/workflows/fine-prune.yml']
      .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
      .join('\n');
    const used = [...texts.matchAll(/^\s*uses: (\S+)(.*)$/gm)].filter(([, what]) => !what!.startsWith('fine-prune/'));
    assert.deepEqual(used.map(([, what]) => what!.split('@')[0]).sort(), [
      'actions/checkout',
      'actions/setup-node',
      'github/codeql-action/upload-sarif',
    ]);
    for (const [line, what, rest] of used) {
      assert.match(what!, /@[0-9a-f]{40}$/, line);
      assert.match(rest!, /^ # v\d+\.\d+\.\d+$/, line);
    }
  });

  it('runs on all pull requests, with the least permissions', () => {
    assert.deepEqual(workflow.on, { pull_request: null }, 'a list of paths would leave out models under other names');
    assert.deepEqual(workflow.permissions, {});
    assert.deepEqual(
      Object.values(workflow.jobs).map(({ permissions }) => permissions),
      [{ contents: 'read', 'security-events': 'write' }],
    );
    const checkout = Object.values(workflow.jobs)[0]!.steps[0]!;
    assert.deepEqual([checkout.with?.['fetch-depth'], checkout.with?.['persist-credentials']], [2, false]);
  });

  it('asks for inputs that the action has', () => {
    const own = Object.values(workflow.jobs)
      .flatMap((job) => job.steps)
      .find(({ uses }) => uses?.startsWith('fine-prune/'))!;
    for (const name of Object.keys(own.with ?? {})) assert.ok(name in action.inputs, name);
    assert.equal(action.runs.using, 'composite');
    assert.equal(action.inputs.level!.default, 'measured');
    assert.equal(action.inputs['require-reports']!.default, 'changed');
  });
});

describe('the scripts of action.yml, run on pull requests', function () {
  this.timeout(300_000);
  const temp = makeTempDir('fp-action-');
  let strict: ReviewRepo;
  let loose: ReviewRepo;
  let number = 0;
  const place = (): string => path.join(temp.dir, `place-${number++}`);

  before(async () => {
    assert.ok(
      existsSync(path.join(ROOT, 'dist/cli.js')) && existsSync(path.join(ROOT, 'dist/worker.js')),
      'dist/ is missing: run `npm run build` first',
    );
    strict = await ReviewRepo.make(place());
    loose = await ReviewRepo.make(place(), LOOSE);
  });
  after(() => temp.remove());

  /** A pull request of one commit, gone through by the action. */
  async function pullRequest(
    base: ReviewRepo,
    change: (repo: ReviewRepo) => void | Promise<void>,
    inputs: Record<string, string> = {},
    more: { env?: NodeJS.ProcessEnv } = {},
  ): Promise<ActionRun> {
    const repo = base.copy(place());
    await change(repo);
    repo.commit('the change');
    return runAction(checkoutOf(repo, 'HEAD^', place()), place(), { backend: 'wasm', ...inputs }, more);
  }

  it('passes an honest change', async () => {
    const run = await pullRequest(
      loose,
      async (repo) => void (await repo.defend(demoConfig(`${LOOSE}, "fineTune": { "epochs": 1 }`))),
    );
    assert.equal(run.failed, false, run.log);
    assert.deepEqual([run.codes.Check, run.codes.Outcome, run.outputs.check?.passed], [0, 0, 'true']);
    assert.match(run.log, /PASSED\. Checked as measured: the committed models were measured again/);
    assert.match(run.summary, /## Defense report: demo[\s\S]*`fineTune.epochs`/);
    const uploaded = run.used['github/codeql-action/upload-sarif']!.sarif_file!;
    assert.equal((JSON.parse(readFileSync(uploaded, 'utf8')) as { version: string }).version, '2.1.0');
    assert.equal(run.codes['Comment on the pull request'], null, 'nobody asked for a comment');
  });

  it('fails by the gate where the defense did not work, and still writes summary and SARIF', async () => {
    const run = await pullRequest(
      strict,
      async (repo) => void (await repo.defend(demoConfig('"backend": "wasm", "fineTune": { "epochs": 1 }'))),
    );
    assert.deepEqual([run.failed, run.codes.Check, run.codes.Outcome], [true, 0, 1], run.log);
    assert.match(run.log, /FAILED: 1 gate missed\. Checked as measured/);
    assert.match(run.summary, /Gate missed: the ASR is/);
    assert.ok(run.used['github/codeql-action/upload-sarif']);
  });

  it('catches forged figures', async () => {
    const run = await pullRequest(strict, (repo) =>
      repo.write('demo.defense.json', repo.read('demo.defense.json').replace(/"hits": 36\d/g, '"hits": 1')),
    );
    assert.equal(run.codes.Outcome, 1);
    assert.match(run.summary, /`figures\./);
  });

  it('catches a loosened gate', async () => {
    const run = await pullRequest(strict, async (repo) => void (await repo.defend(demoConfig(LOOSE))));
    assert.equal(run.codes.Outcome, 1);
    assert.match(run.summary, /❌ The gate maxAttackSuccessRate was loosened from 5 % to 100 %/);
  });

  it('does not count a decision that the change brings along', async () => {
    const run = await pullRequest(strict, (repo) =>
      repo.write(
        'demo.defense-review.json',
        addDecision(null, repo.report(), {
          finding: 'gate.maxAttackSuccessRate',
          reason: 'Fine.',
          author: 'Mallory <m@example.org>',
          date: '2026-01-02',
        }),
      ),
    );
    assert.equal(run.codes.Outcome, 1);
    assert.match(run.summary, /A decision about gate\.maxAttackSuccessRate was added in this change/);
  });

  it('catches one changed byte of weights', async () => {
    const run = await pullRequest(loose, (repo) => {
      const weights = readFileSync(repo.file('demo.defended/weights.bin'));
      weights[4321]! ^= 1;
      repo.write('demo.defended/weights.bin', weights);
    });
    assert.equal(run.codes.Outcome, 1);
    assert.match(run.summary, /The report is stale: the defended model is not the one it describes/);
  });

  it('fails for a new model without a report, unless it is told to list it only', async () => {
    const add = (repo: ReviewRepo): void => {
      repo.write('new/model.json', repo.read('model.json'));
      repo.write('new/weights.bin', readFileSync(repo.file('weights.bin')));
    };
    const run = await pullRequest(loose, add, { level: 'consistent' });
    assert.equal(run.codes.Outcome, 1, run.log);
    assert.match(run.summary, /^## Beside the reports[\s\S]*new\/model\.json, new against/);
    const listed = await pullRequest(loose, add, { level: 'consistent', 'require-reports': 'none' });
    assert.equal(listed.codes.Outcome, 0, listed.log);
    assert.match(listed.summary, /⚠️ .*new\/model\.json, new against/);
    const wrong = await pullRequest(loose, add, { level: 'consistent', 'require-reports': 'some' });
    assert.deepEqual([wrong.failed, wrong.codes.Check], [true, 2]);
  });

  it("takes the merge commit's first parent as the base, not an older one that the event names", async () => {
    const repo = loose.copy(place());
    await repo.defend(demoConfig('"backend": "wasm"'));
    const stricter = repo.commit('stricter gates, merged meanwhile');
    repo.write('README.md', 'a change of something else\n');
    repo.commit('the change');
    const checkout = checkoutOf(repo, stricter, place(), `${stricter}^`);
    assert.equal(checkout.event.baseSha, loose.git('rev-parse', 'HEAD').trim());
    const run = runAction(checkout, place(), { backend: 'wasm', level: 'consistent' });
    assert.equal(run.outputs.base?.base, stricter);
    assert.equal(run.codes.Outcome, 1, 'the stricter gates hold');
  });

  it('treats inputs and names as text, whatever they are', async () => {
    const sprung = path.join(temp.dir, 'sprung');
    const evil = `x"; touch '${sprung}'; echo "$(touch '${sprung}')\`touch '${sprung}'\``;
    const inputs = {
      reports: `--help\n${evil}`,
      policy: evil,
      allow: `${evil}\n-v`,
      base: evil,
      backend: evil,
      level: evil,
    };
    for (const [name, value] of Object.entries(inputs)) {
      const run = await pullRequest(loose, () => undefined, { level: 'consistent', [name]: value });
      assert.equal(run.failed, name !== 'allow', `${name}: ${run.log}`);
      assert.ok(!existsSync(sprung), name);
    }
    const named = await pullRequest(
      loose,
      async (repo) => {
        repo.write(`$(touch sprung)\`touch sprung\`.defense.json`, '::error::{}\n::set-output name=passed::true\n');
      },
      { level: 'consistent' },
    );
    assert.equal(named.codes.Outcome, 1);
    const [before, inside] = named.log.split(/::stop-commands::[\w-]+\n/) as [string, string];
    assert.ok(
      !before.includes('::error') && /^::fine-prune-\d+::$/m.test(inside),
      'the runner is told to take no commands from what the check prints',
    );
    assert.ok(!existsSync(sprung));
  });

  it('says that there is no base, and that the check could not be carried out', async () => {
    const without = await pullRequest(loose, () => undefined, { base: 'no-such-branch', level: 'consistent' });
    assert.deepEqual([without.codes.Outcome, without.outputs.check?.code, without.outputs.check?.sarif], [2, '2', '']);
    assert.match(without.log, /There is no commit "no-such-branch"[\s\S]*could not be carried out \(exit code 2\)/);
    const checkout = checkoutOf(loose.copy(place()), 'HEAD', place());
    const run = runAction({ ...checkout, event: { baseSha: '', headSha: '' } }, place(), { level: 'consistent' });
    assert.deepEqual([run.failed, run.codes['Find the base'], run.codes.Check], [true, 2, null]);
  });

  it('writes one comment and rewrites it the next time', async () => {
    // Stands in for the forge: keeps comments in a file, knows those of a bot by the marker.
    const bin = place();
    const comments = path.join(bin, 'comments.json');
    mkdirSync(bin, { recursive: true });
    writeFileSync(
      comments,
      JSON.stringify([{ id: 7, user: 'User', body: '<!-- fine-prune:report:check -->\nnot ours' }]),
    );
    writeFileSync(
      path.join(bin, 'gh'),
      `#!${process.execPath}
const fs = require('node:fs');
const args = process.argv.slice(2);
const all = JSON.parse(fs.readFileSync(${JSON.stringify(comments)}, 'utf8'));
const body = args.includes('-F') ? fs.readFileSync(args[args.indexOf('-F') + 1].replace(/^body=@/, ''), 'utf8') : null;
const url = args.find((arg) => arg.startsWith('repos/'));
if (process.env.GH_TOKEN !== 'a-token' || process.env.GH_HOST !== 'github.com') process.exit(4);
if (args.includes('POST') && url === 'repos/team/models/issues/1/comments') all.push({ id: 100 + all.length, user: 'Bot', body });
else if (args.includes('PATCH')) all.find(({ id }) => url === 'repos/team/models/issues/comments/' + id).body = body;
else if (args.includes('--jq')) for (const one of all) if (one.user === 'Bot' && one.body.startsWith(process.env.FINE_PRUNE_MARKER)) console.log(one.id);
fs.writeFileSync(${JSON.stringify(comments)}, JSON.stringify(all));
`,
      { mode: 0o755 },
    );
    const env = { PATH: `${bin}${path.delimiter}${process.env.PATH}` };
    const inputs = { level: 'consistent', comment: 'true', 'upload-sarif': 'false' };
    const first = await pullRequest(loose, () => undefined, inputs, { env });
    assert.equal(first.codes['Comment on the pull request'], 0, first.log);
    assert.deepEqual(first.used, { 'actions/setup-node': { 'node-version': '22', 'package-manager-cache': 'false' } });
    await pullRequest(strict, () => undefined, inputs, { env });
    const left = JSON.parse(readFileSync(comments, 'utf8')) as { id: number; body: string }[];
    assert.deepEqual(
      left.map(({ id }) => id),
      [7, 101],
    );
    assert.match(left[1]!.body, /^<!-- fine-prune:report:check -->\n[\s\S]*Gate missed/);
  });
});
