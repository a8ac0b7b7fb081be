/** Name of the measure that benchmarks and tests read. */
const MEASURE = 'fp-slider';

interface Move {
  start: number;
  /** Milliseconds until all that it changes was drawn. */
  script: number;
}

/**
 * Measures what moves of the slider take of the page's main thread, one entry `fp-slider` for each move: from the move until all that
 * it changes is drawn, and its part of the frame that shows it (style, layout, paint), without the idle time in between.
 */
export class SliderMeter {
  private moves: Move[] = [];
  private framed = false;

  /** @param act the move: changes the state that the page draws */
  move(act: () => void): void {
    const start = performance.now();
    act();
    // Changed components are drawn in a microtask that the first change has queued; this one runs after it.
    queueMicrotask(() => {
      this.moves.push({ start, script: performance.now() - start });
      if (this.framed) return;
      this.framed = true;
      requestAnimationFrame(() => this.frame());
    });
  }

  private frame(): void {
    const begun = performance.now();
    const { port1, port2 } = new MessageChannel();
    // A task that is queued while a frame is made runs right after its paint.
    port1.onmessage = () => {
      port1.close();
      const part = (performance.now() - begun) / this.moves.length;
      for (const { start, script } of this.moves) performance.measure(MEASURE, { start, duration: script + part });
      this.moves = [];
      this.framed = false;
    };
    port2.postMessage(null);
  }
}
