/** Name of the measure that benchmarks and tests read. */
const MEASURE = 'fp-slider';

/**
 * Measures what moves of the slider take of the page's main thread, one entry `fp-slider` for each frame with moves: from the move
 * until all that it changes is drawn, and then the frame itself (style, layout, paint), without the idle time in between.
 */
export class SliderMeter {
  private begun = 0;
  private spent = 0;
  private framed = false;

  /** @param act the move: changes the state that the page draws */
  move(act: () => void): void {
    const start = performance.now();
    if (!this.framed) this.begun = start;
    act();
    // Changed components are drawn in a microtask that the first change has queued; this one runs after it.
    queueMicrotask(() => {
      this.spent += performance.now() - start;
      if (this.framed) return;
      this.framed = true;
      requestAnimationFrame(() => this.frame());
    });
  }

  private frame(): void {
    const start = performance.now();
    const { port1, port2 } = new MessageChannel();
    // A task that is queued while a frame is made runs right after its paint.
    port1.onmessage = () => {
      port1.close();
      performance.measure(MEASURE, { start: this.begun, duration: this.spent + performance.now() - start });
      this.spent = 0;
      this.framed = false;
    };
    port2.postMessage(null);
  }
}
