import type { Failure } from '../../../server/protocol/errors';
import type { InspectQuery, ScanData } from '../../../server/protocol/messages/inspect';
import type { AnswerTo, Asks, Kind, Slot } from './asks';
import { maskQuery, placeOf } from './queries';
import type { Store } from './store';

const EXAMPLES = 10;

/** Asked in idle moments: nobody waits for these, and the engine answers one question at a time. */
type Idle = Extract<Kind, 'examples' | 'limit' | 'scan'> | 'refined mask' | 'refined planned';

/** What the page does not say failed: it is not asked again before what it is about has changed. */
type Silent = Exclude<Idle, 'examples' | 'scan'>;

/** The slot of a question that is asked in idle moments. */
const slotOf = (idle: Idle): Slot => (idle === 'refined mask' ? 'mask' : idle === 'refined planned' ? 'planned' : idle);

/** Asks in idle moments what nobody waits for; stops as soon as somebody wants something. */
export class IdleQuestions {
  private asked: Idle | null = null;
  private readonly failed = new Set<Silent>();
  /** What is known of a scan may have changed since it was asked for. */
  private scanIsOld = true;

  constructor(
    private readonly asks: Asks,
    private readonly store: Store,
    private readonly page: {
      /** Whether the page waits for something that the store does not know of. */
      waitedFor(): boolean;
      /** The limit on held-out images has come. */
      limitKnown(): void;
    },
  ) {}

  /** Of the question that waits for its answer. */
  get slot(): Slot | null {
    return this.asked && slotOf(this.asked);
  }

  /** The question of this slot was dropped, whoever asked it. */
  dropped(slot: Slot): void {
    if (this.slot === slot) this.asked = null;
  }

  /** It is about something else now. */
  mayAskAgain(idle: Silent): void {
    this.failed.delete(idle);
  }

  /** There may be another scan than before. */
  lookForScan(): void {
    this.scanIsOld = true;
  }

  /** Asks the next question, unless somebody waits for something. */
  next(): void {
    const { overview, layer, busy, examples, failed, limit, mask, planned: plan, choice } = this.store.get();
    if (this.asked || this.page.waitedFor() || busy.main || busy.unit || busy.mask || !overview || !layer) return;
    if (mask?.subset && !this.failed.has('refined mask')) {
      void this.ask('refined mask', maskQuery(this.store, choice.selected, 'full'), (answer) =>
        this.store.set({ mask: answer, refining: null }),
      );
    } else if (plan?.data?.subset && !this.failed.has('refined planned')) {
      const { units } = plan;
      void this.ask('refined planned', maskQuery(this.store, units, 'full'), (data) =>
        this.store.set({ planned: { units, data } }),
      );
    } else if (overview.trigger && overview.trigger.kind !== 'samples' && !examples && !failed.examples) {
      void this.ask('examples', { kind: 'examples', fingerprint: overview.fingerprint, count: EXAMPLES }, (answer) =>
        this.store.set({ examples: answer }),
      );
    } else if (limit === undefined && !this.failed.has('limit')) {
      void this.ask('limit', { kind: 'limit', ...placeOf(this.store) }, ({ limit: largest, smallest }) => {
        this.store.set({ limit: { limit: largest, smallest } });
        this.page.limitKnown();
      });
    } else if (this.scanIsOld && !failed.scan) {
      void this.ask('scan', { kind: 'scan', fingerprint: overview.fingerprint }, ({ found }) => this.learnScan(found));
    }
  }

  private async ask<Q extends InspectQuery>(
    idle: Idle,
    query: Q,
    done: (answer: AnswerTo<Q['kind']>) => void,
  ): Promise<void> {
    this.asked = idle;
    const outcome = await this.asks.ask(
      query,
      (busy) => idle === 'refined mask' && this.store.set({ refining: busy }),
      slotOf(idle),
    );
    // Somebody wanted something else first: what they wait for, when it is there, comes back here.
    if (outcome === 'superseded') return;
    this.asked = null;
    if ('answer' in outcome) done(outcome.answer);
    else this.fail(idle, outcome.failure);
    this.next();
  }

  private fail(idle: Idle, failure: Failure): void {
    if (idle === 'examples' || idle === 'scan') this.store.fail(idle, failure);
    else this.failed.add(idle);
  }

  /** The same scan again is not drawn again. */
  private learnScan(found: ScanData['found']): void {
    this.scanIsOld = false;
    if (JSON.stringify(found) !== JSON.stringify(this.store.get().scan)) this.store.set({ scan: found });
  }
}
