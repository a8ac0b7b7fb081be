import { dataFiles, type DataFile } from '../../../engine/report/consistency/settings';
import { settingDifferences } from '../../../engine/report/check/staleness';
import { canonicalJson } from '../../../engine/files/hash';
import type { ResolvedConfig } from '../../../protocol/config/config';
import { heldOutImages, namedHoldout } from '../../../protocol/config/holdout';
import type { DefenseReport } from '../../../protocol/report/report';
import type { CheckResult, Decision, TermId } from '../../../protocol/report/review';
import type { AtBase } from './base';
import { warn, type Base } from '../context';
import { termFail, type Waivers } from './waive';
import { percent } from '../../../protocol/words';

/** What decides how a defense is measured: a change to it in the same change as the figures is the first thing a reviewer sees. */
const MEASURED_BY: { id: TermId; what: string; fields: RegExp }[] = [
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
 * changed; decisions added, changed or dropped. None of it counts towards passing.
 *
 * @param head the config of the change, or what a command line made of it
 * @param changedFiles paths, as the config writes them, of data files whose content is not that of the base
 */
export function termsChanged(
  head: ResolvedConfig,
  report: DefenseReport,
  headDecisions: readonly Decision[],
  before: AtBase,
  base: Base,
  changedFiles: ReadonlySet<string>,
  waivers: Waivers,
): CheckResult[] {
  // What is accepted is accepted for this report alone.
  const changed: Change = (id, message, subject, pointer) =>
    termFail(id, message, { report: before.stem, ...subject }, waivers, pointer);
  return [
    ...(before.config ? configTerms(before.config, head, report, before, base.ref, changed) : []),
    ...contentTerms(head, report, before, base.ref, changedFiles, changed),
    ...decisionTerms(headDecisions, before, base.ref),
    ...unreadableAtBase(before, changed),
  ];
}

type Change = (id: TermId, message: string, subject: object, pointer?: string) => CheckResult;

/** Terms that nobody can read are terms that nobody keeps; decisions that can't be read don't count, which is no way past anything. */
function unreadableAtBase({ unreadable }: AtBase, changed: Change): CheckResult[] {
  return unreadable.map(({ file, kind, id, message }) =>
    kind === 'decisions'
      ? warn('policy.baseUnreadable', `${file} is not used: ${message}`)
      : changed(
          'policy.baseUnreadable',
          `${file} can't be read, so whether this change keeps its terms can't be known: ${message} Mend it there first.`,
          { file, id },
        ),
  );
}

function gateTerms(
  base: ResolvedConfig['gates'],
  head: ResolvedConfig['gates'],
  ref: string,
  changedTerm: Change,
): CheckResult[] {
  const found: CheckResult[] = [];
  for (const gate of ['maxAttackSuccessRate', 'maxAccuracyDrop'] as const) {
    const [then, now] = [base[gate], head[gate]];
    if (now > then)
      found.push(
        changedTerm(
          'policy.gateLoosened',
          `The gate ${gate} was loosened from ${percent(then)} to ${percent(now)} in this change; ${percent(then)}, as in ${ref}, is applied.`,
          { gate, then, now },
          gate === 'maxAttackSuccessRate' ? '/gates/0' : '/gates/1',
        ),
      );
  }
  if (head.acceptEstimated && !base.acceptEstimated)
    found.push(
      changedTerm(
        'policy.gateLoosened',
        `This change makes estimated triggers count (acceptEstimated); in ${ref} they don't, so they don't count here either.`,
        { gate: 'acceptEstimated', then: false, now: true },
        '/gates/0',
      ),
    );
  return found;
}

function configTerms(
  base: ResolvedConfig,
  head: ResolvedConfig,
  { data, provenance }: DefenseReport,
  before: AtBase,
  ref: string,
  changedTerm: Change,
): CheckResult[] {
  const found = gateTerms(base.gates, head.gates, ref, changedTerm);
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
        changedTerm(
          id,
          `${what} was changed in this change (${changed.join(', ')}): the figures can't be compared with those of ${ref}.`,
          { then: partOf(base, id), now: partOf(head, id) },
          id === 'policy.triggerChanged' ? '/trigger' : '/data',
        ),
      );
  }
  // A seed of the command line draws other images just as one of the config does. The base may have had either.
  const seed = provenance.config.seed;
  if (![base.seed, before.report?.provenance.config.seed].includes(seed)) {
    const drawn = [
      ...(head.data.holdout > 0 ? ['held-out images'] : []),
      ...(head.data.testImages !== null ? ['test images'] : []),
      ...(head.data.analysisImages !== null ? ['analysed images'] : []),
    ];
    if (drawn.length)
      found.push(
        changedTerm(
          'policy.splitChanged',
          `The seed was changed in this change, from ${base.seed} to ${seed}${seed === head.seed ? '' : ' on the command line'}: different ${drawn.join(' and ')} are drawn than in ${ref}.`,
          { then: base.seed, now: seed },
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
  changedTerm: Change,
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
  const roles: [id: TermId, what: string, at: number[]][] = [
    ['policy.testChanged', 'test data', of('test')],
    ['policy.splitChanged', 'training data', of('train')],
    ['policy.triggerChanged', 'trigger', of('trigger')],
  ];
  return roles.flatMap(([id, what, at]) => {
    const files = at.filter(changed).map((i) => named[i]?.path ?? report.data.files[i]?.path);
    return files.length
      ? [
          changedTerm(
            id,
            `The content of the ${what} was changed in this change (${files.join(', ')}): the figures can't be compared with those of ${ref}.`,
            {
              then: at.map((i) => known.get(report.data.files[i]?.path ?? '') ?? null),
              now: at.map((i) => report.data.files[i]?.sha256 ?? null),
            },
            '/data/files',
          ),
        ]
      : [];
  });
}

function decisionTerms(head: readonly Decision[], { written, decisions }: AtBase, ref: string): CheckResult[] {
  const base = [...written, ...decisions];
  const key = ({ finding, fingerprint }: Decision): string => `${finding} ${fingerprint}`;
  const known = new Set(base.map((decision) => canonicalJson(decision)));
  const about = new Set(base.map(key));
  const kept = new Set(head.map(({ finding }) => finding));
  return [
    ...head
      .filter((decision) => !known.has(canonicalJson(decision)))
      .map((decision) => {
        const changed = about.has(key(decision));
        return warn(
          changed ? 'policy.decisionChanged' : 'policy.decisionAdded',
          `A decision about ${decision.finding} was ${changed ? 'changed' : 'added'} in this change, by ${decision.author}: it counts once it is in ${ref}, not before.`,
        );
      }),
    ...written
      .filter(({ finding }) => !kept.has(finding))
      .map(({ finding, author }) =>
        warn(
          'policy.decisionRemoved',
          `The decision about ${finding} by ${author} was removed in this change: it counts while ${ref} has it, and no longer once this is merged.`,
        ),
      ),
  ];
}

/** The settings that a kind of change is about. */
function partOf({ trigger, data }: ResolvedConfig, id: TermId): object | null {
  return id === 'policy.triggerChanged' ? trigger : data;
}

const named = (layer: string | null): string => layer ?? 'the one chosen automatically';
