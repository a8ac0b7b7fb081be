import { PHASE_TITLES } from '../../../server/protocol/messages/engine';
import type { Failure } from '../../../server/protocol/errors';
import type { InspectQuery, ModelState, ScanData } from '../../../server/protocol/messages/inspect';
import type { AnswerTo, Asks, Kind, Slot } from './asks';
import { withLayer } from './choice';
import { planned, sameUnits, type HeldOutLimit } from './plan';
import { maskQuery, namesOthers, placeOf, sameAnswers } from './queries';
import type { BusyPart, Store } from './store';
import { mostRaised } from './units';
import { analysedText, isEstimated, maskSummary, plannedSummary } from '../words/words';

const EXAMPLES = 10;

/** Asked in idle moments: nobody waits for these, and the engine answers one question at a time. */
type Idle = Extract<Kind, 'examples' | 'limit' | 'scan'> | 'refined mask' | 'refined planned';

/** The slot of a question that is asked in idle moments. */
const slotOf = (idle: Idle): Slot => (idle === 'refined mask' ? 'mask' : idle === 'refined planned' ? 'planned' : idle);

/** A search that can take a minute: it is told when it begins, and can be cancelled. */
export const SEARCHING = PHASE_TITLES.scan;

/** What became of something that the person did not want to wait for. */
const CANCELLED: Failure = {
  kind: 'cancelled',
  code: 'cancelled',
  message: 'The search for a trigger was cancelled; what it does can’t be shown without one.',
};

/** What came of showing a layer: `failed` is told on the page, `superseded` when something newer was asked for meanwhile. */
export type Loaded = 'shown' | 'failed' | 'superseded' | 'empty';

/** Where a link leads. */
export interface Way {
  /** Layer of the link that is being followed. */
  layer(): string | undefined;
  /** A layer is shown, and nothing of its units yet. */
  arrived(): void;
  /** What the person had chosen is another by now, and is kept so. */
  keep(): void;
}

/** Asks what the page needs, in the order in which a person wants it. */
export class Loader {
  /** Grows with each wish to show something: what belongs to an older one is dropped. */
  private turn = 0;
  private idle: Idle | null = null;
  private limitFailed = false;
  private refineFailed = false;
  private refinePlannedFailed = false;
  /** The config's units are being measured. */
  private measuring = false;
  /** What is known of a scan may have changed since it was asked for. */
  private scanIsOld = true;
  /** Files changed while the page was loading. */
  private lookLater = false;

  constructor(
    private readonly asks: Asks,
    private readonly store: Store,
    private readonly say: (text: string, urgent?: boolean) => void,
    private readonly way: Way,
  ) {}

  /** Everything anew. */
  async load(): Promise<Loaded> {
    const turn = ++this.turn;
    this.drop('layer', 'unit', 'mask', 'planned', 'limit', 'examples', 'scan');
    const overview = await this.ask('main', { kind: 'open' });
    if (turn !== this.turn) return 'superseded';
    if (!overview) return 'failed';
    const { overview: before, notice, choice } = this.store.get();
    if (before && !sameAnswers(before, overview)) this.store.set({ examples: null, scan: undefined });
    this.scanIsOld = true;
    this.store.set({ overview, notice: notice?.kind === 'changed' ? null : notice });
    if (overview.layers.length === 0) {
      this.store.busy('main', null);
      return 'empty';
    }
    const layer =
      [this.way.layer(), choice.layer].find((name) => overview.layers.some((one) => one.name === name)) ??
      (overview.chosen || overview.layers[0]!.name);
    return await this.show(layer, overview.report?.after ? choice.state : 'before');
  }

  async show(layer: string, state: ModelState): Promise<Loaded> {
    const { overview } = this.store.get();
    if (!overview) return 'superseded';
    const turn = ++this.turn;
    this.drop('unit', 'mask', 'planned', 'limit', 'examples', 'scan');
    this.store.set({ wanted: { layer, state } });
    const data = await this.ask('main', { kind: 'layer', fingerprint: overview.fingerprint, layer, state });
    if (turn !== this.turn) return 'superseded';
    if (!data) {
      this.store.set({ wanted: null });
      this.looksLater();
      this.background();
      return 'failed';
    }
    this.limitFailed = false;
    const { choice } = this.store.get();
    this.store.set({
      wanted: null,
      layer: data,
      unit: null,
      mask: null,
      planned: null,
      refining: null,
      limit: undefined,
      choice: withLayer(choice, data),
    });
    this.say(analysedText(data));
    this.way.arrived();
    if (turn !== this.turn) return 'superseded';
    if (this.store.get().choice.unit === null) this.store.choose({ unit: mostRaised(data) });
    // What the config prunes stands first, so it is measured first where the curve does not say it.
    void this.loadPlanned();
    void this.loadUnit();
    void this.loadMask();
    this.looksLater();
    return 'shown';
  }

  async loadUnit(): Promise<void> {
    const { overview, layer, choice } = this.store.get();
    if (!overview || !layer || choice.unit === null) return;
    const data = await this.ask('unit', {
      kind: 'unit',
      fingerprint: overview.fingerprint,
      layer: layer.layer,
      state: layer.state,
      unit: choice.unit,
    });
    if (data) {
      this.store.set({ unit: data });
      this.say(data.sentence);
    }
    this.background();
  }

  /** What pruning exactly the selected units does: at once, and then on all images where that took a subset. */
  async loadMask(): Promise<void> {
    const { overview, layer, choice } = this.store.get();
    this.refineFailed = false;
    if (choice.selected.length === 0 || !overview || !layer) {
      this.drop('mask');
      this.store.set({ mask: null, refining: null });
      this.store.fail('mask', null);
      this.background();
      return;
    }
    const data = await this.ask('mask', maskQuery(this.store, choice.selected, 'quick'));
    if (data) {
      this.store.set({ mask: data });
      this.say(maskSummary(data, isEstimated(overview)));
    }
    this.background();
  }

  /** What pruning exactly the units of the config's plan does, where the curve has no point for them. */
  async loadPlanned(again = false): Promise<void> {
    const { overview, layer, limit, planned: known } = this.store.get();
    if (!overview || !layer) return;
    const { units } = planned(overview, layer, limit);
    if (!again && units && known && sameUnits(known.units, units)) return;
    this.drop('planned');
    this.refinePlannedFailed = false;
    this.store.set({ planned: units && { units, data: null } });
    this.store.fail('planned', null);
    if (!units) return;
    if (this.idle) this.drop(slotOf(this.idle));
    this.measuring = true;
    const outcome = await this.asks.ask(maskQuery(this.store, units, 'quick'), undefined, 'planned');
    if (outcome === 'superseded') return;
    this.measuring = false;
    if ('answer' in outcome) {
      this.store.set({ planned: { units, data: outcome.answer } });
      if (this.store.get().choice.count === null) this.say(plannedSummary(outcome.answer, isEstimated(overview)));
    } else if (outcome.failure.code === 'inspect.changed') this.store.set({ notice: { kind: 'changed' } });
    else if (outcome.failure.kind !== 'cancelled') this.store.fail('planned', outcome.failure);
    this.background();
  }

  retryIdle(part: 'examples' | 'scan'): void {
    this.store.fail(part, null);
    this.background();
  }

  /** The person does not want to wait for what is being loaded. What is shown stays. */
  cancel(): void {
    this.turn++;
    this.drop('open', 'layer');
    this.store.busy('main', null);
    this.store.set({ wanted: null });
    if (this.store.get().layer) this.store.set({ notice: { kind: 'changed' } });
    else this.store.fail('main', CANCELLED);
    this.say('Cancelled.');
    this.looksLater();
    this.background();
  }

  /** Files changed: nothing is shown anew before the person wants it, except what only the config or a report says. */
  async lookAgain(): Promise<void> {
    const { overview, busy, failed } = this.store.get();
    if (busy.main) {
      this.lookLater = true;
      return;
    }
    // It may be what was wrong that has changed.
    if (!overview || failed.main) {
      await this.load();
      return;
    }
    const turn = this.turn;
    // A look costs nothing: a trigger that has to be searched anew waits for the person.
    const outcome = await this.asks.ask({ kind: 'open', search: false });
    if (outcome === 'superseded' || turn !== this.turn) return;
    const now = 'answer' in outcome ? outcome.answer : null;
    this.scanIsOld = true;
    if (now && sameAnswers(now, overview)) {
      // Newly named units are what the person wants to see, wherever the slider stands.
      if (namesOthers(now, overview)) {
        this.store.choose({ count: null });
        this.way.keep();
      }
      this.store.set({ overview: now });
      void this.loadPlanned();
      this.background();
    } else if (now || outcomeIsTheirs(outcome)) {
      this.store.set({ notice: { kind: 'changed' } });
      this.say('The model, its config or its data have changed.');
    }
  }

  /** Asks in idle moments what nobody waits for; stops as soon as somebody wants something. */
  private background(): void {
    const { overview, layer, busy, examples, failed, limit, mask, planned: plan, choice } = this.store.get();
    if (this.idle || this.measuring || busy.main || busy.unit || busy.mask || !overview || !layer) return;
    const place = placeOf(this.store);
    if (mask?.subset && !this.refineFailed) {
      void this.inIdle(
        'refined mask',
        maskQuery(this.store, choice.selected, 'full'),
        (answer) => this.store.set({ mask: answer, refining: null }),
        () => (this.refineFailed = true),
      );
    } else if (plan?.data?.subset && !this.refinePlannedFailed) {
      const { units } = plan;
      void this.inIdle(
        'refined planned',
        maskQuery(this.store, units, 'full'),
        (data) => this.store.set({ planned: { units, data } }),
        () => (this.refinePlannedFailed = true),
      );
    } else if (overview.trigger && overview.trigger.kind !== 'samples' && !examples && !failed.examples) {
      void this.inIdle(
        'examples',
        { kind: 'examples', fingerprint: overview.fingerprint, count: EXAMPLES },
        (answer) => this.store.set({ examples: answer }),
        (failure) => this.store.fail('examples', failure),
      );
    } else if (limit === undefined && !this.limitFailed) {
      void this.inIdle(
        'limit',
        { kind: 'limit', ...place },
        ({ limit: largest, smallest }) => this.learnLimit({ limit: largest, smallest }),
        () => (this.limitFailed = true),
      );
    } else if (this.scanIsOld && !failed.scan) {
      void this.inIdle(
        'scan',
        { kind: 'scan', fingerprint: overview.fingerprint },
        ({ found }) => this.learnScan(found),
        (failure) => this.store.fail('scan', failure),
      );
    }
  }

  private async inIdle<Q extends InspectQuery>(
    idle: Idle,
    query: Q,
    done: (answer: AnswerTo<Q['kind']>) => void,
    failed: (failure: Failure) => void,
  ): Promise<void> {
    this.idle = idle;
    const outcome = await this.asks.ask(
      query,
      (busy) => idle === 'refined mask' && this.store.set({ refining: busy }),
      slotOf(idle),
    );
    // Somebody wanted something else first: what they wait for, when it is there, comes back here.
    if (outcome === 'superseded') return;
    this.idle = null;
    if ('answer' in outcome) done(outcome.answer);
    else failed(outcome.failure);
    this.background();
  }

  private async ask<Q extends InspectQuery>(part: BusyPart, query: Q): Promise<AnswerTo<Q['kind']> | undefined> {
    if (this.idle) this.drop(slotOf(this.idle));
    this.store.fail(part, null);
    this.store.busy(part, { title: part === 'main' ? 'Starting the engine' : 'Computing', overall: 0 });
    let title = '';
    const outcome = await this.asks.ask(query, (busy) => {
      if (busy.title === SEARCHING && title !== SEARCHING) this.say(`${SEARCHING}.`);
      title = busy.title;
      this.store.busy(part, busy);
    });
    if (outcome === 'superseded') return undefined;
    // A layer follows its overview: still busy, so that nothing else comes between.
    if (query.kind !== 'open' || !('answer' in outcome)) this.store.busy(part, null);
    if ('answer' in outcome) return outcome.answer;
    const { failure } = outcome;
    // Asked about files that are no longer these: the page says so once, and offers to look at the new ones.
    if (failure.code === 'inspect.changed' && this.store.get().layer) this.store.set({ notice: { kind: 'changed' } });
    else if (failure.kind !== 'cancelled') {
      this.store.fail(part, failure);
      this.say(failure.message, true);
    }
    return undefined;
  }

  /** What `auto` would choose follows from it. */
  private learnLimit(limit: HeldOutLimit): void {
    this.store.set({ limit });
    void this.loadPlanned();
  }

  /** The same scan again is not drawn again. */
  private learnScan(found: ScanData['found']): void {
    this.scanIsOld = false;
    if (JSON.stringify(found) !== JSON.stringify(this.store.get().scan)) this.store.set({ scan: found });
  }

  private drop(...slots: Slot[]): void {
    for (const slot of slots) {
      this.asks.drop(slot);
      if (slot === 'unit' || slot === 'mask') this.store.busy(slot, null);
      if (slot === 'planned') this.measuring = false;
      if (this.idle && slotOf(this.idle) === slot) this.idle = null;
    }
    this.store.set({ refining: null });
  }

  private looksLater(): void {
    if (!this.lookLater) return;
    this.lookLater = false;
    void this.lookAgain();
  }
}

function outcomeIsTheirs(outcome: { answer: unknown } | { failure: Failure }): boolean {
  return 'failure' in outcome && outcome.failure.kind === 'input';
}
