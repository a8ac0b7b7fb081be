import { type Stage, stagesApart } from '../../protocol/report/confusion';
import type { DefenseReport, StageMetrics } from '../../protocol/report/report';
import { changes, stageMetrics, type Predictions, type Truth } from '../metrics/evaluate';
import type { InputSource, PassOptions } from '../pass/inputs';
import { sourceOf } from '../pass/inputs';
import type { Measured } from '../pass/measure';
import type { Subject } from '../pass/subject';
import type { Progress } from '../process/progress';
import { comparisonOf, measureStage, predictStage, stageImages, truthOf, type StageInputs } from './stage';

export type StageName = 'before' | 'pruned' | 'after';
export type OnStage = (stage: StageName, metrics: StageMetrics) => void;

/** What is measured at the three stages, and what changed from the first to the others. */
export type StageOutcome = Pick<DefenseReport, 'stages' | 'confusion' | 'comparison'> & {
  /** Number of predictions, clean and triggered, that pruning alone changed. */
  pruningChanged: number;
};

/**
 * The skeleton of every defense: the same test images, clean and triggered, measured in the input model, after pruning alone, and in
 * the repaired model. Each call reads the model's variables as they are then.
 */
export class Stages {
  readonly test: InputSource;
  private readonly inputs: StageInputs;
  private readonly truth: Truth;
  private readonly measured: Partial<Record<StageName, { predictions: Predictions; metrics: Stage }>> = {};

  constructor(
    private readonly subject: Subject,
    private readonly pass: PassOptions,
    private readonly progress: Progress,
    private readonly onStage: OnStage,
  ) {
    this.test = sourceOf(subject.roles.test);
    this.inputs = { test: this.test, triggered: subject.triggered };
    this.truth = truthOf(subject.model.classes, this.inputs);
  }

  /** The input model, with the activations of the subject's layer. @throws FinePruneError of kind `cancelled` within one batch */
  async before(): Promise<{ metrics: Stage; onTest: Measured; onTriggered: Measured | null }> {
    this.progress.begin('evaluate-before', stageImages(this.inputs));
    const { onTest, onTriggered, predictions } = await measureStage(this.inputs, this.subject.site, this.counted());
    return { metrics: this.known('before', predictions), onTest, onTriggered };
  }

  /** @throws FinePruneError of kind `cancelled` within one batch */
  async next(stage: 'pruned' | 'after'): Promise<Stage> {
    this.progress.begin(stage === 'pruned' ? 'evaluate-pruned' : 'evaluate-after', stageImages(this.inputs));
    return this.known(stage, await predictStage(this.inputs, this.counted()));
  }

  /** Where a stage was not measured, the model is at that stage as it came. */
  outcome(): StageOutcome {
    const before = this.measured.before!;
    const pruned = this.measured.pruned ?? before;
    const after = this.measured.after ?? before;
    const { clean, triggered } = before.predictions;
    return {
      ...stagesApart({ before: before.metrics, pruned: pruned.metrics, after: after.metrics }),
      comparison: comparisonOf(before.predictions, after.predictions, this.truth),
      pruningChanged:
        changes(clean, pruned.predictions.clean) + (triggered ? changes(triggered, pruned.predictions.triggered!) : 0),
    };
  }

  private counted(): PassOptions {
    return { ...this.pass, onImages: (n) => this.progress.step(n) };
  }

  private known(stage: StageName, predictions: Predictions): Stage {
    const metrics = stageMetrics(predictions, this.truth);
    this.measured[stage] = { predictions, metrics };
    const { cleanAccuracy, attackSuccessRate, robustAccuracy } = metrics;
    this.progress.metrics = {
      ...(this.progress.metrics.estimated && { estimated: true }),
      cleanAccuracy: cleanAccuracy.rate,
      ...(attackSuccessRate &&
        robustAccuracy && { attackSuccessRate: attackSuccessRate.rate, robustAccuracy: robustAccuracy.rate }),
    };
    this.onStage(stage, metrics);
    return metrics;
  }
}
