import { PHASE_TITLES } from '../../../server/protocol/messages/engine';
import type { Failure } from '../../../server/protocol/errors';
import type { InspectQuery, ModelState } from '../../../server/protocol/messages/inspect';
import type { AnswerTo, Asks, Slot } from './asks';
import { withLayer } from './choice';
import { IdleQuestions } from './idle-questions';
import { planned, sameUnits } from './plan';
import { maskQuery, namesOthers, sameAnswers } from './queries';
import type { BusyPart, Store } from './store';
import { mostRaised } from './units';
import { analysedText, isEstimated, maskSummary, plannedSummary } from '../words/words';

/** A search that can take a minute: the page says when it begins, and it can be cancelled. */
export const SEARCHING = PHASE_TITLES.scan;

/** What became of something that the person did not want to wait for. */
const CANCELLED: Failure = {
  kind: 'cancelled',
  code: 'cancelled',
  message: 'The search for a trigger was cancelled; without one, its effect can’t be shown.',
};

/** What came of showing a layer: `failed` is shown on the page, `superseded` when something newer was asked for meanwhile. */
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
  private readonly idle: IdleQuestions;
  /** The config's units are being measured. */
  private measuring = false;
  /** Files changed while the page was loading. */
  private lookLater = false;

  constructor(
    private readonly asks: Asks,
    private readonly store: Store,
    private readonly say: (text: string, urgent?: boolean) => void,
    private readonly way: Way,
  ) {
    this.idle = new IdleQuestions(asks, store, {
      waitedFor: () => this.measuring,
      // What `auto` would choose follows from it.
      limitKnown: () => void this.loadPlanned(),
    });
  }

  /** Everything again. */
  async load(): Promise<Loaded> {
    const turn = ++this.turn;
    this.drop('layer', 'unit', 'mask', 'planned', 'limit', 'examples', 'scan');
    const overview = await this.ask('main', { kind: 'open' });
    if (turn !== this.turn) return 'superseded';
    if (!overview) return 'failed';
    const { overview: before, notice, choice } = this.store.get();
    if (before && !sameAnswers(before, overview)) this.store.set({ examples: null, scan: undefined });
    this.idle.lookForScan();
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
      this.idle.next();
      return 'failed';
    }
    this.idle.mayAskAgain('limit');
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
    this.idle.next();
  }

  /** What pruning exactly the selected units does: at once, and then on all images where that took a subset. */
  async loadMask(): Promise<void> {
    const { overview, layer, choice } = this.store.get();
    this.idle.mayAskAgain('refined mask');
    if (choice.selected.length === 0 || !overview || !layer) {
      this.drop('mask');
      this.store.set({ mask: null, refining: null });
      this.store.fail('mask', null);
      this.idle.next();
      return;
    }
    const data = await this.ask('mask', maskQuery(this.store, choice.selected, 'quick'));
    if (data) {
      this.store.set({ mask: data });
      this.say(maskSummary(data, isEstimated(overview)));
    }
    this.idle.next();
  }

  /** What pruning exactly the units of the config's plan does, where the curve has no point for them. */
  async loadPlanned(again = false): Promise<void> {
    const { overview, layer, limit, planned: known } = this.store.get();
    if (!overview || !layer) return;
    const { units } = planned(overview, layer, limit);
    if (!again && units && known && sameUnits(known.units, units)) return;
    this.drop('planned');
    this.idle.mayAskAgain('refined planned');
    this.store.set({ planned: units && { units, data: null } });
    this.store.fail('planned', null);
    if (!units) return;
    this.dropIdle();
    this.measuring = true;
    const outcome = await this.asks.ask(maskQuery(this.store, units, 'quick'), undefined, 'planned');
    if (outcome === 'superseded') return;
    this.measuring = false;
    if ('answer' in outcome) {
      this.store.set({ planned: { units, data: outcome.answer } });
      if (this.store.get().choice.count === null) this.say(plannedSummary(outcome.answer, isEstimated(overview)));
    } else if (outcome.failure.code === 'inspect.changed') this.store.set({ notice: { kind: 'changed' } });
    else if (outcome.failure.kind !== 'cancelled') this.store.fail('planned', outcome.failure);
    this.idle.next();
  }

  retryIdle(part: 'examples' | 'scan'): void {
    this.store.fail(part, null);
    this.idle.next();
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
    this.idle.next();
  }

  /** Files changed: nothing is shown again before the person wants it, except what only the config or a report says. */
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
    // A look costs nothing: a trigger that has to be searched again waits for the person.
    const outcome = await this.asks.ask({ kind: 'open', search: false });
    if (outcome === 'superseded' || turn !== this.turn) return;
    const now = 'answer' in outcome ? outcome.answer : null;
    this.idle.lookForScan();
    if (now && sameAnswers(now, overview)) {
      // Newly named units are what the person wants to see, wherever the slider stands.
      if (namesOthers(now, overview)) {
        this.store.choose({ count: null });
        this.way.keep();
      }
      this.store.set({ overview: now });
      void this.loadPlanned();
      this.idle.next();
    } else if (now || outcomeIsTheirs(outcome)) {
      this.store.set({ notice: { kind: 'changed' } });
      this.say('The model, its config or its data have changed.');
    }
  }

  private async ask<Q extends InspectQuery>(part: BusyPart, query: Q): Promise<AnswerTo<Q['kind']> | undefined> {
    this.dropIdle();
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

  /** What nobody waits for makes way. */
  private dropIdle(): void {
    if (this.idle.slot) this.drop(this.idle.slot);
  }

  private drop(...slots: Slot[]): void {
    for (const slot of slots) {
      this.asks.drop(slot);
      if (slot === 'unit' || slot === 'mask') this.store.busy(slot, null);
      if (slot === 'planned') this.measuring = false;
      this.idle.dropped(slot);
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
