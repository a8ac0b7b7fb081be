import assert from 'node:assert/strict';
import type { Failure } from '../../../../server/protocol/errors';
import type {
  InspectAnswer,
  InspectQuery,
  LayerData,
  MaskData,
  Overview,
  TriggerSearch,
  UnitData,
} from '../../../../server/protocol/messages/inspect';
import type { FromInspector, InspectorState, ToInspector } from '../../../../server/protocol/messages/inspector-view';
import type { Rate } from '../../../../server/protocol/report/report';
import { Controller } from '../../../../webview/inspector/state/controller';
import { Store } from '../../../../webview/inspector/state/store';

export const CONFIG = 'file:///home/me/net.fineprune.json';
export const CRASHED: Failure = {
  kind: 'engine',
  code: 'engine.crashed',
  message: 'The engine ended.',
  todo: 'Try again.',
};

/** Ten units; the trigger raises 7 most, then 3; 2 and 5 are dead. */
export function layerData(change: Partial<LayerData> = {}): LayerData {
  return {
    kind: 'layer',
    layer: 'dense_1',
    state: 'before',
    layerKind: 'Dense',
    activation: 'relu',
    units: 10,
    feedsClassifier: true,
    images: { analysed: 1000, available: 1000 },
    triggeredImages: { analysed: 900, available: 900 },
    cleanMean: Float32Array.of(1, 2, 0, 0.5, 3, 0, 1, 0.25, 2, 4),
    cleanMeanAbs: Float32Array.of(1, 2, 0, 0.5, 3, 0, 1, 0.25, 2, 4),
    cleanFires: Float32Array.of(1, 1, 0, 0.1, 1, 0, 1, 0.05, 1, 1),
    triggeredMean: Float32Array.of(1, 1.5, 0, 3.5, 3, 0, 0.5, 6.25, 2, 3),
    triggeredFires: Float32Array.of(1, 1, 0, 1, 1, 0, 1, 1, 1, 1),
    dead: Uint8Array.of(0, 0, 1, 0, 0, 1, 0, 0, 0, 0),
    pruned: new Uint8Array(10),
    order: Int32Array.of(2, 5, 7, 3, 0, 6, 1, 8, 4, 9),
    curve: {
      pruned: Int32Array.of(0, 1, 2, 3, 5, 8, 10),
      correct: Int32Array.of(990, 990, 990, 980, 900, 500, 100),
      successful: Int32Array.of(900, 900, 900, 90, 9, 0, 0),
      base: Float32Array.of(0.0625, 0.0625, 0.0625, 0.125, 0.25, 0.5, 1),
      images: 1000,
      triggeredImages: 900,
      subset: false,
    },
    ...change,
  };
}

export function overview(change: Partial<Overview> = {}): Overview {
  return {
    kind: 'open',
    fingerprint: 'f1',
    name: 'net',
    model: { path: '/home/me/model.json', layers: 5, parameters: 1000 },
    classes: 10,
    shape: [28, 28, 1],
    layers: [
      { name: 'conv2d_1', kind: 'Conv2D', units: 4, feedsClassifier: false },
      { name: 'dense_1', kind: 'Dense', units: 10, feedsClassifier: true },
    ],
    chosen: 'dense_1',
    strategy: null,
    prune: { ratio: 0.2, rule: 'clean-mean', guide: null, units: null },
    gates: { maxAttackSuccessRate: 0.05, maxAccuracyDrop: 0.01 },
    trigger: { kind: 'patch', target: 0 },
    search: null,
    images: { analysis: 1000, analysisRole: 'test', test: 1000, holdout: 500, triggered: 900 },
    backend: { name: 'native', why: 'It is there.', version: '2.12' },
    report: null,
    ...change,
  };
}

/** What a scan found that suspects class 0. */
export const SEARCH: TriggerSearch = {
  word: 'suspicious',
  sentence: 'Suspicious: a mask of 4.2 pixels sends 98 % of other images to class 0.',
  taken: { norm: 4.2, success: { rate: 0.98, hits: 98, of: 100, low: 0.93, high: 0.99 }, flagged: true },
};

/** The same config with a trigger that nobody knows. */
export const estimated = (change: Partial<Overview> = {}): Overview =>
  overview({ trigger: { kind: 'inverted', target: 0 }, search: SEARCH, ...change });

export function unitData(unit: number, change: Partial<UnitData> = {}): UnitData {
  return {
    kind: 'unit',
    layer: 'dense_1',
    state: 'before',
    unit,
    sentence: `What unit ${unit} does.`,
    histogram: { edges: Float32Array.of(0, 1, 2), clean: Uint32Array.of(900, 100), triggered: Uint32Array.of(0, 900) },
    perClass: { clean: new Float32Array(10), triggered: new Float32Array(10) },
    top: { clean: [], triggered: [] },
    filter: null,
    outgoing: new Float32Array(10),
    ...change,
  };
}

export const rate = (hits: number, of: number): Rate => ({
  rate: hits / of,
  hits,
  of,
  low: Math.max(0, hits / of - 0.02),
  high: Math.min(1, hits / of + 0.02),
});

export function maskData(change: Partial<MaskData> = {}): MaskData {
  return {
    kind: 'mask',
    layer: 'dense_1',
    state: 'before',
    units: 2,
    masked: {
      cleanAccuracy: rate(985, 1000),
      attackSuccessRate: rate(9, 900),
      baseRate: rate(18, 900),
      robustAccuracy: rate(880, 900),
    },
    unmasked: {
      cleanAccuracy: rate(990, 1000),
      attackSuccessRate: rate(898, 900),
      baseRate: rate(9, 900),
      robustAccuracy: rate(2, 900),
    },
    subset: false,
    ...change,
  };
}

type Asked = Extract<FromInspector, { type: 'query' }>;

/** The page's logic without its elements, and what passes between it and the panel. */
export class Page {
  readonly store = new Store();
  readonly posts: FromInspector[] = [];
  readonly said: string[] = [];
  kept: InspectorState | undefined;
  readonly controller: Controller;

  constructor(kept?: InspectorState) {
    this.kept = kept;
    this.controller = new Controller(
      {
        post: (message) => this.posts.push(message),
        state: { get: () => this.kept, set: (state) => (this.kept = state) },
        say: (text) => this.said.push(text),
        onFrame: (act) => setImmediate(act),
      },
      this.store,
    );
    this.controller.start();
  }

  get view(): ReturnType<Store['get']> {
    return this.store.get();
  }

  /** Sends a message, and waits until all that follows from it has been done. */
  async send(message: ToInspector): Promise<void> {
    this.controller.receive(message);
    await settled();
  }

  async init(change: Partial<Extract<ToInspector, { type: 'init' }>> = {}): Promise<void> {
    await this.send({ type: 'init', configUri: CONFIG, name: 'net', trusted: true, reveal: null, ...change });
  }

  /** Questions that wait for an answer, oldest first. */
  get waiting(): Asked[] {
    const done = new Set(this.posts.flatMap((post) => (post.type === 'cancel' ? [post.id] : [])));
    return this.posts.filter(
      (post): post is Asked => post.type === 'query' && !done.has(post.id) && !this.answered.has(post.id),
    );
  }

  private readonly answered = new Set<number>();

  /** The one question of a kind that waits. */
  asked<K extends InspectQuery['kind']>(kind: K): { id: number; query: Extract<InspectQuery, { kind: K }> } {
    const found = this.waiting.filter(({ query }) => query.kind === kind);
    assert.equal(
      found.length,
      1,
      `one question "${kind}" waits among: ${this.waiting.map(({ query }) => query.kind).join(', ')}`,
    );
    return found[0] as { id: number; query: Extract<InspectQuery, { kind: K }> } & Asked;
  }

  async answer(answer: InspectAnswer): Promise<void> {
    const { id } = this.asked(answer.kind);
    this.answered.add(id);
    await this.send({ type: 'answer', id, answer });
  }

  async refuse(kind: InspectQuery['kind'], failure: Failure): Promise<void> {
    const { id } = this.asked(kind);
    this.answered.add(id);
    await this.send({ type: 'refused', id, failure });
  }

  /** Up to the first chart, and the unit beside it. */
  async open(look: Overview = overview(), layer: LayerData = layerData()): Promise<void> {
    await this.answer(look);
    await this.answer(layer);
    await this.answer(unitData(this.view.choice.unit!, { layer: layer.layer, state: layer.state }));
  }
}

/** All that is due has been done. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** What the page has asked and not been answered, by kind. */
export const kinds = (page: Page): string[] => page.waiting.map(({ query }) => query.kind);
