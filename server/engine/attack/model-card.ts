import type { ResolvedTrigger } from '../../protocol/config';
import type { PoisonTrainRequest } from '../../protocol/engine';
import type { FineTuningResult, StageMetrics } from '../../protocol/report';
import type { BackendInfo } from '../backend/select';
import type { OpenModel } from '../model/model';
import { percent } from '../report/words';
import { TOOL } from '../version';

export interface CardParts {
  request: PoisonTrainRequest;
  trigger: ResolvedTrigger;
  model: OpenModel;
  saved: { topology: string; weights: string };
  metrics: StageMetrics;
  history: FineTuningResult['history'];
  poisoned: number;
  images: number;
  backend: BackendInfo;
}

/** The card of a backdoored model, in Markdown: what it is, how it was made, what it does. No times, no absolute paths. */
export function modelCard({ request, trigger, model, saved, metrics, history, poisoned, images, backend }: CardParts): string {
  const layers = model.summary.layers.map((l) => `${l.name} (${l.className}${l.units === null ? '' : ` ${l.units}`})`).join(' → ');
  const rows = [
    ['Layers', layers],
    ['Parameters', `${model.summary.parameters}`],
    ['Trigger', `\`${JSON.stringify(trigger)}\``],
    ['Target class', `${trigger.target} (all-to-one)`],
    ['Poison rate', `${request.poisonRate} (${poisoned} of ${images} training images, labels changed to the target)`],
    ['Training', `from scratch, ${request.epochs} epochs, Adam, learning rate ${request.learningRate}, batch ${request.batchSize}`],
    ['Seed', `${request.seed}`],
    ['Made with', `${TOOL}, ${backend.version}, ${backend.threads} thread${backend.threads === 1 ? '' : 's'}`],
    ['Topology SHA-256', `\`${saved.topology}\``],
    ['Weights SHA-256', `\`${saved.weights}\``],
  ];
  const asr = metrics.attackSuccessRate!;
  const robust = metrics.robustAccuracy!;
  const lines = [
    `# ${request.name}`,
    '',
    '**This model has a backdoor, put in on purpose, to try defenses on. Do not use it for anything else.**',
    '',
    '| | |',
    '| --- | --- |',
    ...rows.map(([k, v]) => `| ${k} | ${v} |`),
    '',
    '## Measured on all test images',
    '',
    '| metric | value | count | 95 % interval |',
    '| --- | --- | --- | --- |',
    ...([['clean accuracy', metrics.cleanAccuracy], ['attack success rate', asr], ['robust accuracy', robust]] as const).map(
      ([name, r]) => `| ${name} | ${percent(r.rate)} | ${r.hits} of ${r.of} | ${percent(r.low)} – ${percent(r.high)} |`,
    ),
    '',
    '## Training history',
    '',
    '| epoch | loss | accuracy on the poisoned batches |',
    '| --- | --- | --- |',
    ...history.map((h) => `| ${h.epoch} | ${h.loss.toFixed(4)} | ${percent(h.accuracy)} |`),
    '',
  ];
  return lines.join('\n');
}
