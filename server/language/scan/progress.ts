import { roughTime, type EngineEvent } from '../../protocol/messages/engine';
import { progressText } from '../text/progress-text';
import { pixels } from '../../protocol/words';

type Of<T extends EngineEvent['type']> = Extract<EngineEvent, { type: T }>;

/** A search of so many seconds says how long it will take. */
const LONG_SECONDS = 120;

/** What a scan says while it goes on: how long it takes where that is long, and the class that stands out most, as soon as classes are known. */
export class ScanProgress {
  private readonly known = new Map<number, Of<'class'>>();
  private long = '';

  learn(event: Of<'class'>): void {
    this.known.set(event.target, event);
  }

  plan({ seconds }: Pick<Of<'plan'>, 'seconds'>): void {
    this.long = seconds < LONG_SECONDS ? '' : ` · ${roughTime(seconds)} in all`;
  }

  /** `Searching a trigger for every class · smallest mask so far: class 0, 5.8 pixels (0.07 of the median)`. */
  text(event: Of<'progress'>): string {
    if (event.phase !== 'scan') return progressText(event);
    const title = `${progressText(event)}${this.long}`;
    const least = [...this.known.values()].sort((a, b) => a.norm - b.norm)[0];
    if (!least) return title;
    return `${title} · smallest mask so far: class ${least.target}, ${pixels(least.norm)}${least.share === null ? '' : ` (${least.share.toFixed(2)} of the median)`}`;
  }
}
