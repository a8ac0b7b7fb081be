import { badInput, cancelled, FinePruneError } from '../../protocol/errors';
import type { InspectQuery, ModelState } from '../../protocol/messages/inspect';
import type { EngineAnswer, InspectSubject } from '../../protocol/messages/inspect-engine';
import { selectBackend, type BackendChoice, type BackendInfo } from '../backend/select';
import { ByteCache } from './byte-cache';
import { examplesOf } from './unit/examples';
import { analyseLayer, expectedBytes } from './layer';
import { limitOf } from './layer-curve';
import type { LayerState } from './layer-state';
import { maskData } from './mask/mask';
import { overviewOf } from './overview';
import { scanData } from './scan';
import { Opener, type Subject } from './subject';
import type { Searching, Told } from './triggers';
import { unitData } from './unit/unit';

/** Bytes that all analysed layers together may hold, and that one of them may. */
const CACHE_BYTES = 768 * 2 ** 20;
const LAYER_BYTES = 384 * 2 ** 20;
/** Opened configs that are kept. */
const SUBJECTS = 3;
const MOST_EXAMPLES = 32;

/** Answers the inspector's questions, one at a time, and keeps what it computed for the next one. */
export class Inspections {
  private readonly opener = new Opener();
  private readonly subjects = new Map<string, Subject>();
  private readonly layers: ByteCache<LayerState>;
  private readonly layerBytes: number;
  private backend: { choice: BackendChoice; info: Promise<BackendInfo> } | undefined;

  constructor({
    cacheBytes = CACHE_BYTES,
    layerBytes = LAYER_BYTES,
  }: { cacheBytes?: number; layerBytes?: number } = {}) {
    this.layers = new ByteCache(cacheBytes);
    this.layerBytes = layerBytes;
  }

  /**
   * @param told hears how far the question is
   * @throws FinePruneError what is wrong with model, config or data, as in a run; `inspect.changed` when they are not those that the
   *   question was about; `inspect.backend` when this process computes with another engine than is asked for; `cancelled`
   */
  async answer(ref: InspectSubject, query: InspectQuery, told: Told, signal: AbortSignal): Promise<EngineAnswer> {
    if (signal.aborted) throw cancelled();
    if (query.kind === 'open') {
      told('Reading model and data', 0);
      return overviewOf(await this.reopen(ref, { told, signal, search: query.search !== false }));
    }
    const subject = await this.subjectOf(ref, query.fingerprint, { told, signal, search: true });
    try {
      return await this.answerAbout(subject, ref, query, told, signal);
    } catch (error) {
      throw subject.opened.placed(error);
    }
  }

  /** What is kept, for tests and logs. */
  get held(): { subjects: number; layers: number; bytes: number } {
    return { subjects: this.subjects.size, layers: this.layers.size, bytes: this.layers.bytes };
  }

  private async answerAbout(
    subject: Subject,
    ref: InspectSubject,
    query: Exclude<InspectQuery, { kind: 'open' }>,
    told: Told,
    signal: AbortSignal,
  ): Promise<EngineAnswer> {
    if (query.kind === 'examples') {
      const count = Math.min(MOST_EXAMPLES, Math.max(1, Math.floor(query.count) || 1));
      return await examplesOf(
        subject,
        ref.defended && (await this.opener.openDefended(ref.defended, subject.model)),
        count,
        signal,
      );
    }
    if (query.kind === 'scan') return await scanData(subject);
    const held = await this.layerOf(ref, subject, query.layer, query.state, told, signal);
    try {
      switch (query.kind) {
        case 'layer':
          return held.data;
        case 'limit':
          return await limitOf(held, told, signal);
        case 'unit':
          checkUnits(held, [query.unit]);
          return unitData(held, query.unit);
        case 'mask': {
          const units = [...new Set(query.units)];
          checkUnits(held, units);
          return await maskData(held, Int32Array.from(units), query.scope, told, signal);
        }
      }
    } finally {
      this.layers.shrink();
    }
  }

  private async reopen(ref: InspectSubject, searching: Searching): Promise<Subject> {
    const opened = await this.opener.open(
      ref,
      (choice, threads) => this.compute(choice, threads, ref.nativeBinding),
      searching,
    );
    // Nothing is asked about a model whose trigger is still to be searched.
    if (!opened.searched) return opened;
    const known = this.subjects.get(opened.fingerprint);
    // The same contents, but perhaps another ratio in the config: what was computed stays, what the config says is new.
    const subject = known
      ? {
          ...opened,
          model: known.model,
          dataset: known.dataset,
          roles: known.roles,
          trigger: known.trigger,
          triggered: known.triggered,
          scan: known.scan,
          guide: known.guide,
        }
      : opened;
    this.subjects.delete(subject.fingerprint);
    this.subjects.set(subject.fingerprint, subject);
    while (this.subjects.size > SUBJECTS) {
      const [oldest] = this.subjects.keys();
      this.subjects.delete(oldest!);
      this.layers.removeWhere((key) => key.startsWith(`${oldest}|`));
    }
    this.opener.disposeUnused([...this.subjects.values(), ...this.layers.values()].map(({ model }) => model));
    return subject;
  }

  private async subjectOf(ref: InspectSubject, fingerprint: string, searching: Searching): Promise<Subject> {
    const known = this.subjects.get(fingerprint);
    if (known) {
      this.subjects.delete(fingerprint);
      this.subjects.set(fingerprint, known);
      return known;
    }
    searching.told('Reading model and data', 0);
    const subject = await this.reopen(ref, searching);
    if (subject.fingerprint === fingerprint) return subject;
    throw badInput('inspect.changed', 'The model, its config or its data have changed since they were read.', {
      file: ref.config,
      todo: 'Refresh.',
    });
  }

  private async layerOf(
    ref: InspectSubject,
    subject: Subject,
    layer: string,
    state: ModelState,
    told: Told,
    signal: AbortSignal,
  ): Promise<LayerState> {
    if (state === 'after' && !ref.defended)
      throw badInput('inspect.noDefended', 'There is no defended model to inspect.', {
        file: ref.config,
        todo: 'Run the defense first.',
      });
    const key = `${subject.fingerprint}|${layer}|${state}|${state === 'after' ? ref.defended!.weights : ''}`;
    const known = this.layers.get(key);
    if (known) return known;
    const model = state === 'after' ? await this.opener.openDefended(ref.defended!, subject.model) : subject.model;
    const pruned = state === 'after' && ref.defended!.layer === layer ? ref.defended!.pruned : [];
    const request = { model, state, layer, pruned, mostBytes: this.layerBytes };
    this.layers.makeRoom(expectedBytes(subject, request));
    const held = await analyseLayer(subject, request, told, signal);
    this.layers.set(key, held);
    return held;
  }

  private async compute(choice: BackendChoice, threads: number, binding?: string): Promise<BackendInfo> {
    this.backend ??= {
      choice,
      info: selectBackend({ choice, threads, ...(binding !== undefined && { configuredPath: binding }) }),
    };
    const info = await this.backend.info.catch((error: unknown) => {
      this.backend = undefined;
      throw error;
    });
    // `auto` in a process that was told to take WASM might have taken the native engine: then the same question has another answer.
    if (choice === info.name || choice === this.backend.choice || (choice === 'auto' && info.name === 'native'))
      return info;
    throw new FinePruneError({
      kind: 'engine',
      code: 'inspect.backend',
      message: `This engine process uses ${info.name}, but ${choice} was requested.`,
      todo: 'Try again: a new process will be started.',
    });
  }
}

function checkUnits({ site }: LayerState, units: readonly number[]): void {
  const bad = units.find((unit) => !Number.isInteger(unit) || unit < 0 || unit >= site.units);
  if (bad !== undefined)
    throw badInput(
      'inspect.noSuchUnit',
      `Layer "${site.layer}" has no unit ${bad}: it has ${site.units}, 0 to ${site.units - 1}.`,
      { todo: 'Choose one of them.' },
    );
}
