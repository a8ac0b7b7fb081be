import type { ModelState } from '../../../server/protocol/messages/inspect';
import type {
  FromInspector,
  InspectorSort,
  InspectorState,
  ToInspector,
} from '../../../server/protocol/messages/inspector-view';
import { Asks } from './asks';
import { chosenCount, restored, sortedBy, toKeep, type Choice } from './choice';
import { Loader } from './loader';
import { planned } from './plan';
import type { Part, Store } from './store';
import { joined, ranks, rowFor, sorted, toggled } from './units';

/** What the controller needs of the panel. */
export interface Panel {
  post(message: FromInspector): void;
  state: { get(): InspectorState | undefined; set(state: InspectorState): void };
  /** Tells people who do not see the page. */
  say(text: string, urgent?: boolean): void;
  /** Acts before the next frame is drawn. */
  onFrame(act: () => void): void;
}

const KEEP_AFTER_MS = 200;
/** An engine that ends again and again is started by the person, not by itself. */
const MOST_RECOVERIES = 3;

/** Hears the panel and the person, keeps what they choose, and has the rest asked for. */
export class Controller {
  private readonly asks: Asks;
  private readonly loader: Loader;
  private keeping: ReturnType<typeof setTimeout> | undefined;
  private masking = false;
  /** Where to go as soon as its layer is there. */
  private link: { layer?: string; unit?: number } | null = null;
  private recoveries = 0;

  constructor(
    private readonly panel: Panel,
    private readonly store: Store,
  ) {
    this.asks = new Asks((message) => panel.post(message));
    this.loader = new Loader(this.asks, store, (text, urgent) => panel.say(text, urgent), {
      layer: () => this.link?.layer,
      arrived: () => this.arrived(),
      keep: () => this.keep(),
    });
  }

  start(): void {
    this.panel.post({ type: 'ready' });
  }

  receive(message: ToInspector): void {
    if (this.asks.receive(message)) return;
    switch (message.type) {
      case 'init': {
        const { configUri, name, trusted, reveal } = message;
        this.store.set({ init: { configUri, name, trusted }, choice: restored(this.panel.state.get(), configUri) });
        this.link = reveal;
        this.keep();
        if (trusted) void this.loader.load();
        return;
      }
      case 'trusted': {
        const { init } = this.store.get();
        if (!init || init.trusted) return;
        this.store.set({ init: { ...init, trusted: true } });
        void this.loader.load();
        return;
      }
      case 'reveal':
        this.follow(message);
        return;
      case 'changed':
        if (this.store.get().init?.trusted) void this.loader.lookAgain();
        return;
      case 'engine-ended':
        void this.recover(message);
        return;
      case 'told':
        this.store.set({ told: { message: message.message, failed: message.failed } });
        this.panel.say(message.message, message.failed);
        return;
    }
  }

  chooseLayer(layer: string): void {
    const { wanted, choice } = this.store.get();
    if (layer !== (wanted ?? choice).layer) void this.loader.show(layer, (wanted ?? choice).state);
  }

  chooseState(state: ModelState): void {
    const { wanted, choice } = this.store.get();
    const { layer } = wanted ?? choice;
    if (layer !== null && state !== (wanted ?? choice).state) void this.loader.show(layer, state);
  }

  chooseUnit(unit: number): void {
    const { choice, failed } = this.store.get();
    if (unit === choice.unit && !failed.unit) return;
    this.choose({ unit });
    void this.loader.loadUnit();
  }

  /** A unit that was chosen elsewhere than in the table: there it comes into sight. */
  bringUnit(unit: number): void {
    const { layer, choice } = this.store.get();
    if (!layer) return;
    this.choose({ row: rowFor(unit, ranks(sorted(layer, choice.sort))) });
    this.chooseUnit(unit);
  }

  /** @param point index of a point of the curve */
  choosePoint(point: number): void {
    const count = this.store.get().layer?.curve.pruned[point];
    if (count !== undefined) this.choose({ count });
  }

  chooseSort(by: InspectorSort): void {
    this.choose(sortedBy(this.store.get().choice, by));
  }

  chooseRow(row: number): void {
    if (row !== this.store.get().choice.row) this.choose({ row });
  }

  toggle(unit: number): void {
    this.select(toggled(this.store.get().choice.selected, unit));
  }

  add(units: Iterable<number>): void {
    this.select(joined(this.store.get().choice.selected, units));
  }

  clear(): void {
    this.select([]);
  }

  /** Back from the slider to what the config prunes. */
  choosePlanned(): void {
    this.choose({ count: null });
  }

  useRatio(): void {
    const { layer, overview, choice, limit } = this.store.get();
    // What is shown are units that the config names: as a ratio they would be other ones.
    if (!layer || !overview || (choice.count === null && planned(overview, layer, limit).source === 'named')) return;
    this.panel.post({
      type: 'use-ratio',
      layer: layer.layer,
      count: chosenCount(choice.count, overview, layer, limit),
      units: layer.units,
    });
  }

  pruneSelected(): void {
    const { layer, choice } = this.store.get();
    if (layer && choice.selected.length)
      this.panel.post({ type: 'prune-units', layer: layer.layer, units: [...choice.selected] });
  }

  save(exported: { name: string; format: 'svg' | 'png' | 'csv'; content: Uint8Array }): void {
    this.panel.post({ type: 'export', ...exported });
  }

  command(command: Extract<FromInspector, { type: 'command' }>['command']): void {
    this.panel.post({ type: 'command', command });
  }

  /** What is being loaded takes the person too long. */
  cancel(): void {
    this.loader.cancel();
  }

  refresh(): void {
    this.store.set({ notice: null });
    this.recoveries = 0;
    void this.loader.load();
  }

  /** Asks again for what could not be answered. */
  retry(part: Part): void {
    if (part === 'main') this.refresh();
    else if (part === 'unit') void this.loader.loadUnit();
    else if (part === 'mask') void this.loader.loadMask();
    else if (part === 'planned') void this.loader.loadPlanned(true);
    else this.loader.retryIdle(part);
  }

  dismiss(what: 'notice' | 'told'): void {
    this.recoveries = 0;
    this.store.set(what === 'notice' ? { notice: null } : { told: null });
  }

  /** An answer did not validate: whoever waits for it must hear of it. */
  dropped(value: unknown): void {
    const { id } = (value ?? {}) as { id?: unknown };
    if (typeof id !== 'number') return;
    this.asks.receive({
      type: 'refused',
      id,
      failure: {
        kind: 'engine',
        code: 'inspect.badAnswer',
        message: 'The engine’s answer could not be read.',
        todo: 'See the log for details.',
      },
    });
  }

  /** The engine ended while nobody waited for it: it is started again, and the page says so. */
  private async recover({ failure }: Extract<ToInspector, { type: 'engine-ended' }>): Promise<void> {
    this.panel.say(failure.message, true);
    if (++this.recoveries > MOST_RECOVERIES) {
      this.store.set({ notice: null });
      this.store.fail('main', failure);
      return;
    }
    this.store.set({ notice: { kind: 'ended', failure } });
    const loaded = await this.loader.load();
    if (loaded === 'superseded' || this.store.get().notice?.kind !== 'ended') return;
    this.store.set({ notice: loaded === 'failed' ? null : { kind: 'back' } });
    if (loaded === 'shown') this.panel.say('The engine is running again.');
  }

  /** A link was followed while the page is open. What is being loaded goes on to it when it is there. */
  private follow(link: { layer?: string; unit?: number }): void {
    const { layer, overview, wanted, busy, choice } = this.store.get();
    this.link = link;
    if (!overview || (busy.main && !wanted)) return;
    const on = (wanted ?? layer)?.layer;
    const to = link.layer ?? on;
    if (to === on) {
      if (!wanted && this.arrived()) void this.loader.loadUnit();
    } else if (overview.layers.some(({ name }) => name === to)) void this.loader.show(to!, (wanted ?? choice).state);
    else this.link = null;
  }

  /** A layer is there: goes on to the unit that a link named. @returns whether there was one */
  private arrived(): boolean {
    const { layer, choice, arrivals } = this.store.get();
    const { link } = this;
    this.link = null;
    this.keep();
    if (link?.unit === undefined || !layer || link.unit >= layer.units || (link.layer ?? layer.layer) !== layer.layer)
      return false;
    this.choose({ unit: link.unit, row: rowFor(link.unit, ranks(sorted(layer, choice.sort))) });
    this.store.set({ arrivals: arrivals + 1 });
    return true;
  }

  private select(selected: number[]): void {
    this.choose({ selected });
    // Once a frame is enough for a selection that is drawn over many rows.
    if (this.masking) return;
    this.masking = true;
    this.panel.onFrame(() => {
      this.masking = false;
      void this.loader.loadMask();
    });
  }

  private choose(change: Partial<Choice>): void {
    this.store.choose(change);
    this.keep();
  }

  private keep(): void {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => {
      const { init, choice } = this.store.get();
      if (init) this.panel.state.set(toKeep(choice, init.configUri));
    }, KEEP_AFTER_MS);
  }
}
