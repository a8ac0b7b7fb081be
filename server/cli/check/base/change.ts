import { dataFiles, type DataFile } from '../../../engine/report/consistency/settings';
import { settingDifferences } from '../../../engine/report/check/staleness';
import { canonicalJson } from '../../../engine/files/hash';
import type { ResolvedConfig } from '../../../protocol/config/config';
import { heldOutImages, namedHoldout } from '../../../protocol/config/holdout';
import type { DefenseReport } from '../../../protocol/report/report';
import type { CheckResult, Decision } from '../../../protocol/report/review';
import type { AtBase } from './base';
import { fail, warn, type Base } from '../context';
import { percent } from '../../../protocol/words';

/** What decides how a defense is measured: a change to it in the same change as the figures is the first thing a reviewer sees. */
const MEASURED_BY: { id: string; what: string; fields: RegExp }[] = [
  { id: 'policy.triggerChanged', what: 'The trigger', fields: /^trigger(\.|$)/ },
  { id: 'policy.testChanged', what: 'The test set', fields: /^data\.(test|testImages|format|scale|mean|std)(\.|$)/ },
  {
    id: 'policy.splitChanged',
    what: 'The split of the data',
    fields: /^data\.(train|holdout|analysis|analysisImages)(\.|$)/,
  },
];

/**
 * What a change does to the terms that it is judged by, against the base revision: gates loosened; trigger, test set or split
 * changed; decisions added or changed. None of it counts towards passing.
 *
 * @param changedFiles paths, as the config writes them, of data files whose content is not that of the base
 */
export function termsChanged(
  head: ResolvedConfig,
  report: DefenseReport,
  headDecisions: readonly Decision[],
  before: AtBase,
  base: Base,
  changedFiles: ReadonlySet<string>,
): CheckResult[] {
  const unreadable = before.unreadable.map(({ file, message }) =>
    warn('policy.baseUnreadable', `${file} is not used: ${message}`),
  );
  return [
    ...(before.config ? configTerms(before.config, head, report.data, base.ref) : []),
    ...contentTerms(head, report, before, base.ref, changedFiles),
    ...decisionTerms(headDecisions, [...before.written, ...before.decisions], base.ref),
    ...unreadable,
  ];
}

function configTerms(
  base: ResolvedConfig,
  head: ResolvedConfig,
  data: DefenseReport['data'],
  ref: string,
): CheckResult[] {
  const found: CheckResult[] = [];
  for (const gate of ['maxAttackSuccessRate', 'maxAccuracyDrop'] as const) {
    const [before, now] = [base.gates[gate], head.gates[gate]];
    if (now > before)
      found.push(
        fail(
          'policy.gateLoosened',
          `The gate ${gate} was loosened from ${percent(before)} to ${percent(now)} in this change; ${percent(before)}, as in ${ref}, is applied.`,
          gate === 'maxAttackSuccessRate' ? '/gates/0' : '/gates/1',
        ),
      );
  }
  if (head.gates.acceptEstimated && !base.gates.acceptEstimated)
    found.push(
      fail(
        'policy.gateLoosened',
        `This change makes estimated triggers count (acceptEstimated); in ${ref} they don't, so they don't count here either.`,
        '/gates/0',
      ),
    );
  const [heldOutThen, heldOut] = [base, head].map((config) =>
    heldOutImages(data.holdout.images + data.fineTune.available, namedHoldout(config.data)),
  );
  // 5,000 that is named instead of left out, or the other way round, comes to another split of few images only.
  const fields = settingDifferences(base, head).filter(
    (field) => field !== 'data.holdout' || base.data.holdout !== head.data.holdout || heldOut !== heldOutThen,
  );
  for (const { id, what, fields: pattern } of MEASURED_BY) {
    const changed = fields.filter((field) => pattern.test(field));
    if (changed.length)
      found.push(
        fail(
          id,
          `${what} was changed in this change (${changed.join(', ')}): the figures can't be compared with those of ${ref}.`,
          id === 'policy.triggerChanged' ? '/trigger' : '/data',
        ),
      );
  }
  if (fields.includes('seed')) {
    const drawn = [
      ...(head.data.holdout > 0 ? ['held-out images'] : []),
      ...(head.data.testImages !== null ? ['test images'] : []),
      ...(head.data.analysisImages !== null ? ['analysed images'] : []),
    ];
    if (drawn.length)
      found.push(
        fail(
          'policy.splitChanged',
          `The seed was changed in this change, from ${base.seed} to ${head.seed}: different ${drawn.join(' and ')} are drawn than in ${ref}.`,
          '/provenance/config',
        ),
      );
  }
  if (fields.includes('layer'))
    found.push(
      warn(
        'policy.layerChanged',
        `Another layer is pruned: ${named(head.layer)} (in ${ref}: ${named(base.layer)}).`,
        '/layer/name',
      ),
    );
  if (fields.includes('model'))
    found.push(
      warn(
        'policy.modelMoved',
        `The config names another model: ${head.model} (in ${ref}: ${base.model}).`,
        '/model/path',
      ),
    );
  return found;
}

/** Files of the same name with another content are another test set, split or trigger all the same. */
function contentTerms(
  { data, trigger }: ResolvedConfig,
  report: DefenseReport,
  before: AtBase,
  ref: string,
  changedFiles: ReadonlySet<string>,
): CheckResult[] {
  const known = new Map(before.report?.data.files.map((file) => [file.path, file.sha256]));
  const named = dataFiles({ data, trigger });
  const changed = (at: number): boolean => {
    const file = report.data.files[at];
    const hash = file && known.get(file.path);
    return (
      (hash !== undefined && hash !== file!.sha256) || (named[at] !== undefined && changedFiles.has(named[at].path))
    );
  };
  // What a report lists beyond the files of its splits is a trigger's.
  const listed = Array.from({ length: Math.max(named.length, report.data.files.length) }, (_, at) => at);
  const of = (wanted: DataFile['role']): number[] => listed.filter((at) => (named[at]?.role ?? 'trigger') === wanted);
  const roles: [id: string, what: string, at: number[]][] = [
    ['policy.testChanged', 'test data', of('test')],
    ['policy.splitChanged', 'training data', of('train')],
    ['policy.triggerChanged', 'trigger', of('trigger')],
  ];
  return roles.flatMap(([id, what, at]) => {
    const files = at.filter(changed).map((i) => named[i]?.path ?? report.data.files[i]?.path);
    return files.length
      ? [
          fail(
            id,
            `The content of the ${what} was changed in this change (${files.join(', ')}): the figures can't be compared with those of ${ref}.`,
            '/data/files',
          ),
        ]
      : [];
  });
}

function decisionTerms(head: readonly Decision[], base: readonly Decision[], ref: string): CheckResult[] {
  const known = new Set(base.map((decision) => canonicalJson(decision)));
  const about = new Set(base.map(({ finding, fingerprint }) => `${finding} ${fingerprint}`));
  return head
    .filter((decision) => !known.has(canonicalJson(decision)))
    .map((decision) => {
      const changed = about.has(`${decision.finding} ${decision.fingerprint}`);
      const verb = changed ? 'changed' : 'added';
      return warn(
        changed ? 'policy.decisionChanged' : 'policy.decisionAdded',
        `A decision about ${decision.finding} was ${verb} in this change, by ${decision.author}: it counts once it is in ${ref}, not before.`,
      );
    });
}

const named = (layer: string | null): string => layer ?? 'the one chosen automatically';
