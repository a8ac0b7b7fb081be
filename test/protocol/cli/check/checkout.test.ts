import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../../../../server/engine/files/hash';
import type { CheckedReport, CheckResult } from '../../../../server/protocol/report/review';
import { pointerTo } from '../../../fixtures/other-files';
import { makeTempDir } from '../../../harness/processes';
import { fails, only, warned } from './support';
import { ReviewRepo } from '../../review-repo';

/** What git leaves in a working folder is not always what was committed: other line endings, and pointers in place of large files. */
describe('fine-prune check, of a checkout', function () {
  this.timeout(300_000);
  const temp = makeTempDir('fp-checkout-');
  let original: ReviewRepo;
  let number = 0;
  before(async () => {
    original = await ReviewRepo.make(path.join(temp.dir, 'repo'));
  });
  after(() => temp.remove());

  const copy = (): ReviewRepo => original.copy(path.join(temp.dir, `copy-${number++}`));
  const told = (report: CheckedReport, id: string): CheckResult => {
    const found = report.results.filter((one) => one.id === id);
    assert.equal(found.length, 1, `${id} in ${JSON.stringify(report.results)}`);
    return found[0]!;
  };
  /** Leaves in place of a file what Git LFS leaves of one that is not fetched. */
  function unfetch(repo: ReviewRepo, name: string, content = readFileSync(repo.file(name))): void {
    repo.write(name, pointerTo(sha256(content), content.length));
  }

  it('with the line endings of Windows finds nothing that was edited', () => {
    const repo = copy();
    repo.git('config', 'core.autocrlf', 'true');
    for (const name of [
      'model.json',
      'demo.fineprune.json',
      'demo.defense.json',
      'demo.defense.md',
      'demo.defended/model.json',
    ])
      rmSync(repo.file(name));
    repo.git('checkout', '--', '.');
    for (const name of ['demo.fineprune.json', 'demo.defense.json', 'demo.defense.md'])
      assert.ok(repo.read(name).includes('\r\n'), `${name} has other line endings`);
    assert.equal(repo.git('status', '--porcelain'), '', 'for git nothing has changed');
    const report = only(repo.check('--measure', '--base', 'HEAD').answer);
    assert.deepEqual([fails(report), warned(report), report.level], [[], [], 'measured']);
    // An edit is still one, whatever ends its lines.
    repo.write(
      'demo.defense.md',
      repo.read('demo.defense.md').replace(/\d/, '0').replace('Seed', 'seed').concat('more\r\n'),
    );
    assert.deepEqual(fails(only(repo.check().answer)), ['markdown.differs']);
  });

  it('says that models and data are not fetched: an input model has to be, since a pointer has no hash of what its layers read', () => {
    const repo = copy();
    for (const name of [
      'weights.bin',
      'demo.defended/weights.bin',
      'data/t10k-images-idx3-ubyte',
      'data/t10k-labels-idx1-ubyte',
    ])
      unfetch(repo, name);
    const report = only(repo.check('--base', 'HEAD').answer);
    assert.deepEqual(fails(report), ['model.notFetched']);
    assert.deepEqual(warned(report).sort(), ['data.notFetched', 'defended.notFetched']);
    assert.equal(
      told(report, 'model.notFetched').message,
      'The input model is not fetched: there are Git LFS pointers instead, so its hashes were not compared. Run `git lfs pull` (`lfs: true` for actions/checkout).',
    );
    assert.match(
      told(report, 'data.notFetched').message,
      /^data\/t10k-images-idx3-ubyte, data\/t10k-labels-idx1-ubyte are not fetched: /,
    );
    const measured = only(repo.check('--measure').answer);
    assert.deepEqual(
      [fails(measured).sort(), measured.level],
      [['measure.impossible', 'model.notFetched'], 'consistent'],
    );
    assert.match(told(measured, 'measure.impossible').message, /Git LFS pointer/);
  });

  it('finds pointers to other data', () => {
    const repo = copy();
    unfetch(repo, 'data/t10k-labels-idx1-ubyte', Buffer.from('other labels'));
    const other = only(repo.check('--base', 'HEAD').answer);
    assert.deepEqual(fails(other).sort(), ['policy.testChanged', 'stale.data']);
  });

  it('calls reports and Markdown that are not fetched that', () => {
    const repo = copy();
    unfetch(repo, 'demo.defense.md');
    const pointer = only(repo.check().answer);
    assert.deepEqual([fails(pointer), warned(pointer)], [[], ['markdown.notFetched']]);
    unfetch(repo, 'demo.defense.json');
    const report = only(repo.check().answer);
    assert.deepEqual(fails(report), ['report.unreadable']);
    assert.match(told(report, 'report.unreadable').message, /Git LFS pointer, not a defense report/);
  });

  it('calls weights that are a web page that, and not changed', () => {
    const repo = copy();
    repo.write('weights.bin', '<!doctype html><title>404</title>');
    const report = only(repo.check().answer);
    assert.deepEqual(fails(report), ['model.unreadable']);
    assert.match(
      told(report, 'model.unreadable').message,
      /^The input model can't be read: The weights file "weights\.bin" is a web page \(HTML\), not raw weights\./,
    );
  });
});
