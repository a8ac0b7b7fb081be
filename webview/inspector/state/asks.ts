import type { Failure } from '../../../server/protocol/errors';
import type { InspectAnswer, InspectQuery } from '../../../server/protocol/messages/inspect';
import type { FromInspector, ToInspector } from '../../../server/protocol/messages/inspector-view';

export type Kind = InspectQuery['kind'];
export type AnswerTo<K extends Kind> = Extract<InspectAnswer, { kind: K }>;
export type QueryOf<K extends Kind> = Extract<InspectQuery, { kind: K }>;

/** What a question is asked for: of its kind the page may want two, what an own mask does and what the config's units do. */
export type Slot = Kind | 'planned';

/** How far a question is. */
export interface Busy {
  title: string;
  overall: number;
}

/** What became of a question: `superseded` when a newer one of its slot was asked meanwhile. */
export type Outcome<K extends Kind> = { answer: AnswerTo<K> } | { failure: Failure } | 'superseded';

interface Waiting {
  slot: Slot;
  settle(outcome: { answer: InspectAnswer } | { failure: Failure } | 'superseded'): void;
  onBusy(busy: Busy): void;
}

/** Questions of the page: at most one of each slot waits for its answer, since only the newest matters. */
export class Asks {
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  constructor(private readonly post: (message: FromInspector) => void) {}

  /** Never rejects. */
  ask<Q extends InspectQuery>(
    query: Q,
    onBusy: (busy: Busy) => void = () => undefined,
    slot: Slot = query.kind,
  ): Promise<Outcome<Q['kind']>> {
    this.drop(slot);
    const id = ++this.lastId;
    return new Promise((resolve) => {
      this.waiting.set(id, {
        slot,
        onBusy,
        settle: (outcome) => {
          this.waiting.delete(id);
          // The engine answers each question with its own kind.
          resolve(outcome as Outcome<Q['kind']>);
        },
      });
      this.post({ type: 'query', id, query });
    });
  }

  /** Nobody wants the answer to the question of this slot any more. */
  drop(slot: Slot): void {
    for (const [id, one] of this.waiting) {
      if (one.slot !== slot) continue;
      this.post({ type: 'cancel', id });
      one.settle('superseded');
    }
  }

  dropAll(): void {
    for (const { slot } of [...this.waiting.values()]) this.drop(slot);
  }

  /** @returns whether the message was about a question */
  receive(message: ToInspector): boolean {
    switch (message.type) {
      case 'answer':
        this.waiting.get(message.id)?.settle({ answer: message.answer });
        return true;
      case 'refused':
        this.waiting.get(message.id)?.settle({ failure: message.failure });
        return true;
      case 'progress':
        this.waiting.get(message.id)?.onBusy({ title: message.title, overall: message.overall });
        return true;
      default:
        return false;
    }
  }
}
