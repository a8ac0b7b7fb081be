import assert from 'node:assert/strict';
import { CancellationTokenSource } from 'vscode-languageserver-protocol/node';
import type { InspectAnswer, InspectQuery, LayerData, ModelState } from '../../server/protocol/messages/inspect';
import {
  INSPECT_CHANGED,
  INSPECT_ENDED,
  INSPECT_PROGRESS,
  INSPECT_REQUEST,
  type InspectChanged,
  type InspectEnded,
  type InspectProgress,
  type InspectResult,
} from '../../server/protocol/messages/lsp';
import { waitFor } from '../harness/poll';
import type { LanguageClient } from './language-client';

type Answer<K extends InspectAnswer['kind']> = Extract<InspectAnswer, { kind: K }>;

/** What a panel sees of the server. */
export class Inspector {
  readonly progress: InspectProgress[] = [];
  readonly ended: InspectEnded[] = [];
  readonly changed: InspectChanged[] = [];
  private lastToken = 0;

  constructor(
    readonly client: LanguageClient,
    readonly uri: string,
  ) {
    client.connection.onNotification(INSPECT_PROGRESS, (params: InspectProgress) => void this.progress.push(params));
    client.connection.onNotification(INSPECT_ENDED, (params: InspectEnded) => void this.ended.push(params));
    client.connection.onNotification(INSPECT_CHANGED, (params: InspectChanged) => void this.changed.push(params));
  }

  begin(query: InspectQuery) {
    const cancelling = new CancellationTokenSource();
    const token = ++this.lastToken;
    const result = this.client.connection.sendRequest<InspectResult>(
      INSPECT_REQUEST,
      { configUri: this.uri, query, token },
      cancelling.token,
    );
    const reported = (what: RegExp) =>
      waitFor(
        `the progress ${what.source}`,
        () => this.progress.some((one) => one.token === token && what.test(one.title)),
        { deadlineMs: 60_000, intervalMs: 2 },
      );
    return { token, result, reported, cancel: () => cancelling.cancel() };
  }

  async ask<Q extends InspectQuery>(query: Q): Promise<Answer<Q['kind']>> {
    const answer = await this.begin(query).result;
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.equal(answer.answer.kind, query.kind);
    return answer.answer as Answer<Q['kind']>;
  }

  /** The code of the failure that a question is answered with. */
  async refusal(query: InspectQuery): Promise<string> {
    const answer = await this.begin(query).result;
    assert.ok(!answer.ok, 'it was answered');
    assert.ok(answer.failure.message, JSON.stringify(answer.failure));
    return answer.failure.code;
  }

  layer(fingerprint: string, layer = 'dense_1', state: ModelState = 'before'): Promise<LayerData> {
    return this.ask({ kind: 'layer', fingerprint, layer, state });
  }
}
