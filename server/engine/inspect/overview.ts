import type { Overview, TriggerSearch } from '../../protocol/messages/inspect';
import { inversionOf } from '../../protocol/report/scan';
import type { Subject } from './subject';

/** What a person has to know first of config, model and data; the report is the language server's to add. */
export function overviewOf(subject: Subject): Omit<Overview, 'report'> {
  const { config, model, roles, triggered, backend, opened, layers, chosen, trigger, fingerprint, rule, guide } =
    subject;
  const { units = 0 } = layers.find(({ name }) => name === chosen) ?? {};
  const { strategy = null, prune, gates } = config;
  return {
    kind: 'open',
    fingerprint,
    name: opened.name,
    model: { path: config.model, layers: model.graph.layers.length, parameters: model.summary.parameters },
    classes: model.classes,
    shape: [...subject.dataset.shape],
    layers: [...layers],
    chosen: chosen ?? '',
    strategy,
    prune: {
      ratio: strategy ? 'auto' : prune.ratio,
      rule,
      guide: guide && (guide.config.kind === 'inverted' ? 'estimated' : 'known'),
      units: prune.units?.filter((unit) => unit < units) ?? null,
    },
    gates: { maxAttackSuccessRate: gates.maxAttackSuccessRate, maxAccuracyDrop: gates.maxAccuracyDrop },
    trigger: trigger && { kind: trigger.config.kind, target: trigger.target },
    search: searchOf(subject),
    images: {
      analysis: roles.analysis.indices.length,
      analysisRole: roles.analysisRole,
      test: roles.test.indices.length,
      holdout: roles.holdout.indices.length,
      triggered: triggered && triggered.count,
    },
    backend: { name: backend.name, why: backend.why, version: backend.version },
  };
}

function searchOf({ scan, trigger }: Subject): TriggerSearch | null {
  if (!scan) return null;
  const taken = trigger && inversionOf(scan, trigger.target)!;
  return {
    word: scan.word,
    sentence: scan.sentence,
    taken: taken && { norm: taken.norm, success: taken.success, flagged: taken.flagged },
  };
}
