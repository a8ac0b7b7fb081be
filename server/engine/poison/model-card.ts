import type { ResolvedTrigger } from '../../protocol/config/config';
import type { PoisonTrainRequest } from '../../protocol/messages/engine';
import type { FineTuningResult, StageMetrics } from '../../protocol/report/report';
import type { BackendInfo } from '../backend/select';
import type { OpenModel } from '../model/model';
import { TOOL } from '../process/version';
import type { PoisonedSplit } from './poison';
import type { Decoys } from './pruning-aware';
import { percent, plural } from '../../protocol/words';

export interface CardParts {
  request: PoisonTrainRequest;
  trigger: ResolvedTrigger;
  model: OpenModel;
  saved: { topology: string; weights: string };
  metrics: StageMetrics;
  trained: { history: FineTuningResult['history']; decoys: Decoys[] };
  poisoned: Pick<PoisonedSplit, 'count' | 'noisy'>;
  images: number;
  backend: BackendInfo;
}

/** The card of a model that poison-train made, in Markdown: what it is, how it was made, what it does. No times, no absolute paths. */
export function modelCard(parts: CardParts): string {
  const { request, metrics, trained, poisoned } = parts;
  const lines = [
    `# ${request.name}`,
    '',
    poisoned.count === 0
      ? '**This model was trained on clean images, to see what defenses say of one without a backdoor.**'
      : '**This model has a backdoor, put in on purpose, to try defenses on. Do not use it for anything else.**',
    '',
    '| | |',
    '| --- | --- |',
    ...facts(parts).map(([k, v]) => `| ${k} | ${v} |`),
    '',
    '## Measured on all test images',
    '',
    '| metric | value | count | 95 % interval |',
    '| --- | --- | --- | --- |',
    ...(
      [
        ['clean accuracy', metrics.cleanAccuracy],
        ['attack success rate', metrics.attackSuccessRate!],
        ['robust accuracy', metrics.robustAccuracy!],
      ] as const
    ).map(
      ([name, r]) => `| ${name} | ${percent(r.rate)} | ${r.hits} of ${r.of} | ${percent(r.low)} – ${percent(r.high)} |`,
    ),
    '',
    '## Training history',
    '',
    '| epoch | loss | accuracy on the poisoned batches |',
    '| --- | --- | --- |',
    ...trained.history.map((h) => `| ${h.epoch} | ${h.loss.toFixed(4)} | ${percent(h.accuracy)} |`),
    '',
  ];
  return lines.join('\n');
}

/** What the model is and how it was made. */
function facts({ request, trigger, model, saved, trained, poisoned, images, backend }: CardParts): string[][] {
  const clean = poisoned.count === 0;
  const { decoys } = trained;
  const layers = model.summary.layers
    .map((l) => `${l.name} (${l.className}${l.units === null ? '' : ` ${l.units}`})`)
    .join(' → ');
  return [
    ['Layers', layers],
    ['Parameters', `${model.summary.parameters}`],
    [clean ? 'Trigger that was measured' : 'Trigger', `\`${JSON.stringify(trigger)}\``],
    ['Target class', `${trigger.target} (all-to-one)`],
    [
      'Poison rate',
      clean
        ? '0: trained on clean images'
        : `${request.poisonRate} (${poisoned.count} of ${images} training images, labels changed to the target)`,
    ],
    ...(poisoned.noisy
      ? [
          [
            'Noise rate',
            `${request.noiseRate} (${poisoned.noisy} training images warped with noise, labels as they were)`,
          ],
        ]
      : []),
    [
      'Training',
      `from scratch, ${request.epochs} epochs, Adam, learning rate ${request.learningRate}, batch ${request.batchSize}`,
    ],
    ...(decoys.length
      ? [
          [
            'Pruning-aware',
            `as many epochs on clean images before that, the backdoor then kept out of ${decoys.map(({ layer, units }) => `${units.length} units of ${layer}`).join(' and ')}`,
          ],
        ]
      : []),
    ['Seed', `${request.seed}`],
    ['Made with', `${TOOL}, ${backend.version}, ${plural(backend.threads, 'thread')}`],
    ['Topology SHA-256', `\`${saved.topology}\``],
    ['Weights SHA-256', `\`${saved.weights}\``],
  ];
}
