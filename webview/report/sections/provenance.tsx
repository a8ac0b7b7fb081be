import type { ComponentChildren, JSX } from 'preact';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { recordedSettings } from '../../../server/protocol/report/run-settings';
import { useActions } from '../actions';
import { Folded } from './folded';
import { figure } from '../words';
import { count, list, plural } from '../../../server/protocol/words';

const MOST_FILES = 50;

/** What it was measured with and on, by hash; and the settings of the run. */
export function Provenance({ report }: { report: DefenseReport }): JSX.Element {
  const {
    provenance: { tool, backend, engine, threads, oneDnn, cpuFeatures, configHash, config },
    model,
    data,
    fineTuning,
  } = report;
  const overridden = recordedSettings(report);
  const { isOpen } = useActions();
  const last = fineTuning.history[fineTuning.history.length - 1];
  return (
    <>
      <Folded id="provenance" title="Provenance">
        <dl class="facts">
          <Fact term="Tool">{tool}</Fact>
          <Fact term="Engine">
            {backend}, {engine}, {plural(threads, 'thread')}
            {oneDnn === null ? '' : `, oneDNN ${oneDnn ? 'on' : 'off'}`}
          </Fact>
          <Fact term="CPU features">{list(cpuFeatures, 40) || 'none recorded'}</Fact>
          <Fact term="Input model">
            <bdi>{model.path}</bdi>, {plural(model.layers, 'layer')}, {plural(model.parameters, 'parameter')}
            <Hash name="topology" hash={model.before.topology} />
            <Hash name="weights" hash={model.before.weights} />
          </Fact>
          <Fact term="Defended model">
            {model.after ? (
              <>
                <bdi>{model.after.path}</bdi>
                <Hash name="topology" hash={model.after.topology} />
                <Hash name="weights" hash={model.after.weights} />
              </>
            ) : (
              'none: nothing was repaired'
            )}
          </Fact>
          {config.strategy ? <Fact term="Strategy">{config.strategy}</Fact> : null}
          <Fact term="Data">
            {data.shape.join(' × ')}, {count(data.classes)} classes; analysed on {count(data.analysis.images)}{' '}
            {data.analysis.role === 'test' ? 'test' : 'held-out'} images
          </Fact>
          {data.files.slice(0, MOST_FILES).map(({ path, sha256 }) => (
            <Fact key={path} term="Data file">
              <bdi>{path}</bdi>
              <Hash name="SHA-256" hash={sha256} />
            </Fact>
          ))}
          {data.files.length > MOST_FILES ? (
            <Fact term="Data files">
              {MOST_FILES} of {count(data.files.length)}
            </Fact>
          ) : null}
          {overridden.length ? <Fact term="From the command line">{overridden.join(', ')}</Fact> : null}
          <Fact term="Config">
            <Hash name="SHA-256" hash={configHash} />
          </Fact>
          <Fact term="Fine-tuning">
            {plural(fineTuning.epochs, 'epoch')}, {plural(fineTuning.steps, 'step')} of{' '}
            {plural(fineTuning.batchSize, 'image')}, {fineTuning.optimizer}, learning rate {fineTuning.learningRate}, on{' '}
            {count(fineTuning.images)} of {count(data.fineTune.available)} images
            {last ? `; accuracy in the last epoch ${figure(last.accuracy)}` : ''}
            {fineTuning.frozen.length ? `; not trained: ${list(fineTuning.frozen, 10)}` : ''}
          </Fact>
        </dl>
      </Folded>
      <Folded id="settings" title="Settings of the run">
        <pre class="json" tabIndex={0} role="region" aria-label="Settings of the run, as JSON">
          {isOpen('settings') ? JSON.stringify(config, null, 2) : ''}
        </pre>
      </Folded>
    </>
  );
}

const Fact = ({ term, children }: { term: string; children: ComponentChildren }): JSX.Element => (
  <div>
    <dt>{term}</dt>
    <dd>{children}</dd>
  </div>
);
const Hash = ({ name, hash }: { name: string; hash: string }): JSX.Element => (
  <span class="hash">
    <span class="quiet">{name}</span> <code>{hash}</code>
  </span>
);
