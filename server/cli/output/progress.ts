import { SingleBar } from 'cli-progress';
import { visible } from '../../protocol/text/plain';
import { terminalText } from './print';
import { COUNTS_THOUSANDTHS, type EngineEvent, PHASE_TITLES, planText } from '../../protocol/messages/engine';
import { percent } from './summary';
import { maskSize } from '../../protocol/words';

type ProgressEvent = Extract<EngineEvent, { type: 'progress' }>;
type ClassEvent = Extract<EngineEvent, { type: 'class' }>;

export interface ProgressView {
  /** Shows an event of the engine. */
  event(event: EngineEvent): void;
  /** Shows a step of anything else: how far it is, in units that `detail` names. */
  step(title: string, done: number, total: number, detail?: string): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the bar away. */
  stop(): void;
}

/** A terminal shows one bar; anything else gets a line now and then, as for a log. */
export function createProgress(stream: NodeJS.WriteStream, now: () => number = () => performance.now()): ProgressView {
  return stream.isTTY ? barView(stream, now) : lineView((text) => stream.write(terminalText(`${text}\n`, stream)), now);
}

/** Estimates the time left of a whole run from the share that is done. */
export class TimeLeft {
  private first: { at: number; overall: number } | null = null;

  /** @returns seconds, or null until there is something to go by: 2 s and 1 % of the run, or 10 s of a long one */
  seconds(overall: number, nowMs: number): number | null {
    if (overall <= 0 || overall >= 1) return null;
    // From the first sign of work on: reading files before it says nothing of the speed.
    this.first ??= { at: nowMs, overall };
    const elapsed = (nowMs - this.first.at) / 1000;
    const done = overall - this.first.overall;
    return elapsed < 2 || done <= 0 || (done < 0.01 && elapsed < 10) ? null : (elapsed / done) * (1 - overall);
  }
}

/** What a scan knows of the classes so far. */
export class KnownClasses {
  private readonly known = new Map<number, ClassEvent>();

  learn(event: ClassEvent): void {
    this.known.set(event.target, event);
  }

  /** The class that stands out most: `smallest mask: class 0, 4.2 px (0.11 of the median)`; null as long as none is known. */
  words(): string | null {
    const [least] = [...this.known.values()].sort((a, b) => a.norm - b.norm);
    if (!least) return null;
    const { target, norm, share } = least;
    return `smallest mask: class ${target}, ${maskSize(norm)} px${share === null ? '' : ` (${share.toFixed(2)} of the median)`}`;
  }
}

/**
 * One line of a progress event: `Fine-tuning 345/1720 · 28/s · 1:02 left · loss 0.021`.
 * @param found what a scan has found so far
 */
export function describeProgress(
  event: ProgressEvent,
  secondsLeft: number | null,
  found: string | null = null,
): string {
  const { phase, step, total, rate, metrics } = event;
  const counts = total > 1 && !COUNTS_THOUSANDTHS.has(phase);
  const parts = [counts && step > 0 ? `${PHASE_TITLES[phase]} ${step}/${total}` : PHASE_TITLES[phase]];
  if (phase === 'scan' && found !== null) parts[0] = found;
  if (counts && rate !== undefined && Number.isFinite(rate))
    parts.push(`${rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s`);
  if (secondsLeft !== null) parts.push(`${clock(secondsLeft)} left`);
  if ((phase === 'fine-tune' || phase === 'train') && metrics.loss !== undefined)
    parts.push(`loss ${metrics.loss.toFixed(3)}`);
  return parts.join(' · ');
}

/** ` · 12 %` of what takes long and counts no steps; the bar of a terminal has it anyway. */
function doneWords({ phase, overall }: ProgressEvent): string {
  if (!COUNTS_THOUSANDTHS.has(phase) || overall <= 0) return '';
  return ` · ${overall < 0.01 ? Number((100 * overall).toPrecision(1)) : Math.floor(100 * overall)} %`;
}

/** Minutes and seconds, hours when there are any: `1:02`, `1:00:00`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** From so many classes on it is worth saying that some of them can be searched alone. */
const MANY_CLASSES = 20;

/** Lines for the events that are worth keeping on the screen. */
function keptLine(event: EngineEvent): string | null {
  switch (event.type) {
    case 'backend':
      return `Engine: ${event.name === 'native' ? 'native' : 'WASM'}, ${event.version}. ${event.why}`;
    case 'stage': {
      const { cleanAccuracy, attackSuccessRate } = event.metrics;
      const name = { before: 'Before', pruned: 'Pruned', after: 'After' }[event.stage];
      const asr = attackSuccessRate
        ? `, ${event.estimated ? 'ASR (estimated trigger)' : 'ASR'} ${percent(attackSuccessRate.rate)}`
        : '';
      return `${name}: clean accuracy ${percent(cleanAccuracy.rate)}${asr}`;
    }
    case 'plan':
      return `${planText(event)}${event.classes > MANY_CLASSES ? ' (--classes 0-9 searches some of them)' : ''}.`;
    case 'log':
      return event.message;
    default:
      return null;
  }
}

function barView(stream: NodeJS.WriteStream, now: () => number): ProgressView {
  const left = new TimeLeft();
  const classes = new KnownClasses();
  // On 80 columns the longest text, with its time left, needs what a longer bar would take.
  const barsize = (stream.columns || 80) < 100 ? 10 : 20;
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage} %  {text}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize,
    clearOnComplete: true,
    // Ctrl-C is ours: it cancels the run, it does not only tidy the bar.
    gracefulExit: false,
  });
  let shown = false;
  const hide = (): void => {
    if (shown) bar.stop();
    shown = false;
  };
  const show = (share: number, text: string): void => {
    const room = Math.max(20, (stream.columns || 80) - barsize - ' 100 %  '.length - 1);
    const one = visible(text);
    const payload = { text: one.length > room ? `${one.slice(0, room - 1)}…` : one };
    if (shown) bar.update(Math.round(share * 100), payload);
    else bar.start(100, Math.round(share * 100), payload);
    shown = true;
  };
  const line = (text: string): void => {
    hide();
    stream.write(terminalText(`${text}\n`, stream));
  };
  return {
    line,
    stop: hide,
    step: (title, done, total, detail) =>
      show(total > 0 ? Math.min(1, done / total) : 0, detail ? `${title} · ${detail}` : title),
    event: (event) => {
      if (event.type === 'progress')
        show(event.overall, describeProgress(event, left.seconds(event.overall, now()), classes.words()));
      else if (event.type === 'class') classes.learn(event);
      else {
        const text = keptLine(event);
        if (text !== null) line(text);
      }
    },
  };
}

/** Seconds between two lines of one phase. */
const LINE_EVERY_MS = 10_000;

function lineView(write: (text: string) => void, now: () => number): ProgressView {
  const left = new TimeLeft();
  const classes = new KnownClasses();
  let lastTitle = '';
  let lastAt = 0;
  const due = (title: string): boolean => {
    if (title === lastTitle && now() - lastAt < LINE_EVERY_MS) return false;
    lastTitle = title;
    lastAt = now();
    return true;
  };
  return {
    line: write,
    stop: () => undefined,
    step: (title, _done, _total, detail) => {
      if (due(title)) write(detail ? `${title} · ${detail}` : title);
    },
    event: (event) => {
      if (event.type === 'progress') {
        const secondsLeft = left.seconds(event.overall, now());
        const found = classes.words();
        if (due(event.phase === 'scan' ? `scan, ${found}` : event.phase))
          write(`${describeProgress(event, secondsLeft, found)}${doneWords(event)}`);
      } else if (event.type === 'class') classes.learn(event);
      else {
        const text = keptLine(event);
        if (text !== null) write(text);
      }
    },
  };
}
