import type { EngineEvent, MetricsSoFar, Phase } from '../../protocol/messages/engine';
import { Throttle } from './throttle';

/** Tells how far a run is, and keeps the timings that stay out of the report. */
export class Progress {
  readonly phases: Partial<Record<Phase, number>> = {};
  metrics: MetricsSoFar = {};
  private phase: Phase | null = null;
  private phaseStart = 0;
  private total = 0;
  private doneBefore = 0;
  private throttle = new Throttle();
  private readonly start = performance.now();

  /**
   * @param work expected cost of each phase, in any one unit (image passes, say); phases that are absent count nothing
   */
  constructor(
    private readonly emit: (event: EngineEvent) => void,
    private readonly work: Partial<Record<Phase, number>> = {},
  ) {}

  /** Sets the expected cost of phases once it is known. */
  expect(work: Partial<Record<Phase, number>>): void {
    Object.assign(this.work, work);
  }

  /** Ends the phase before and begins this one; `total` steps will follow. */
  begin(phase: Phase, total: number): void {
    this.end();
    this.phase = phase;
    this.total = total;
    this.phaseStart = performance.now();
    this.throttle = new Throttle();
    this.step(0);
  }

  /** `done` of the phase's steps are behind us. */
  step(done: number, metrics?: MetricsSoFar): void {
    if (metrics) this.metrics = { ...this.metrics, ...metrics };
    const now = performance.now();
    if (!this.phase || !this.throttle.passes(done >= this.total)) return;
    const seconds = (now - this.phaseStart) / 1000;
    const all = Object.values(this.work).reduce((a, b) => a + b, 0);
    const here = (this.work[this.phase] ?? 0) * (this.total ? Math.min(1, done / this.total) : 0);
    this.emit({
      type: 'progress',
      phase: this.phase,
      step: done,
      total: this.total,
      ...(seconds > 0.2 && done > 0 && { rate: done / seconds }),
      overall: all ? Math.min(1, (this.doneBefore + here) / all) : 0,
      metrics: this.metrics,
    });
  }

  /** Ends the current phase. */
  end(): void {
    if (!this.phase) return;
    this.phases[this.phase] = (this.phases[this.phase] ?? 0) + (performance.now() - this.phaseStart);
    this.doneBefore += this.work[this.phase] ?? 0;
    this.phase = null;
  }

  totalMs(): number {
    return performance.now() - this.start;
  }
}
