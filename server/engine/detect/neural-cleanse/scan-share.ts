/**
 * How far a scan is, by what its parts cost. A part that turns out to be needed on the way takes its share of what is left, so that the
 * share done never goes back.
 */
export class ScanShare {
  private from = 0;
  private to = 0;

  constructor(private readonly told: (share: number) => void = () => undefined) {}

  /**
   * The next part begins.
   * @param cost of it, and of what is expected after it: in any one unit
   */
  begin(cost: number, after: number): void {
    this.from = this.to;
    this.to = this.from + ((1 - this.from) * cost) / (cost + after);
  }

  /** So much of the part is done. */
  step(done: number, of: number): void {
    this.told(this.from + ((this.to - this.from) * done) / of);
  }
}

/** Steps after the first, which warms the engine up, or so much time are enough to go by. */
const ENOUGH_STEPS = 10;
const ENOUGH_MS = 500;

/** Tells once how long a search will take, from its first steps. */
export class FirstSteps {
  private first: number | null = null;
  private isTold = false;

  constructor(
    private readonly tell: (secondsPerStep: number) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** So many steps are done. */
  step(done: number): void {
    if (this.isTold) return;
    this.first ??= this.now();
    const elapsed = this.now() - this.first;
    if (done < 2 || (done <= ENOUGH_STEPS && elapsed < ENOUGH_MS)) return;
    this.isTold = true;
    this.tell(elapsed / 1000 / (done - 1));
  }
}
