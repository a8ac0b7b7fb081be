import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { LiveRegion, useLive } from '../ui/live';
import { ControllerContext, useController } from './state/context';
import type { Controller } from './state/controller';
import { Header } from './sections/header';
import { Failed, Message } from './sections/message';
import { NeuronSection } from './sections/neuron-section';
import { Notices } from './sections/notices';
import { PathSection } from './sections/path-section';
import { Progress } from './sections/progress';
import { RatioSection } from './sections/ratio-section';
import { ScanSection } from './sections/scan-section';
import { Skeleton } from './sections/skeleton';
import { StoreContext, useView, type Store } from './state/store';
import { UnitSection } from './sections/unit-section';

/** The page. `onSay` gets what puts a text into the live region. */
export function App({
  store,
  controller,
  onSay,
}: {
  store: Store;
  controller: Controller;
  onSay(say: (text: string, urgent?: boolean) => void): void;
}): JSX.Element {
  const { spoken, say } = useLive();
  useEffect(() => onSay(say), [say]);
  return (
    <StoreContext.Provider value={store}>
      <ControllerContext.Provider value={controller}>
        <LiveRegion spoken={spoken} />
        <Page />
      </ControllerContext.Provider>
    </StoreContext.Provider>
  );
}

function Page(): JSX.Element {
  const controller = useController();
  const init = useView((view) => view.init);
  const overview = useView((view) => view.overview);
  const layer = useView((view) => view.layer);
  const wanted = useView((view) => view.wanted);
  const failed = useView((view) => view.failed.main);
  if (init && !init.trusted) {
    return (
      <Message
        icon="workspace-untrusted"
        title={`${init.name} has not been analysed yet`}
        text="Trust this workspace to analyse the model (an analysis reads and computes what the workspace specifies)."
      >
        <vscode-button onClick={() => controller.command('manage-trust')}>Manage Workspace Trust</vscode-button>
      </Message>
    );
  }
  if (overview?.layers.length === 0) {
    return (
      <Message
        icon="circle-slash"
        title="No layer to inspect"
        text={`The model of ${overview.name} has no hidden Dense, Conv2D or Add layer whose units could be pruned.`}
      >
        <vscode-button appearance="secondary" onClick={() => controller.command('open-config')}>
          Open Config
        </vscode-button>
      </Message>
    );
  }
  if (init && failed && !layer) return <Failed failure={failed} name={init.name} />;
  if (!overview || !layer) return <Skeleton />;
  return (
    <>
      <Progress />
      <Header />
      <Notices />
      {/* The old layer stays until the new one is there: nothing jumps, and it says that it is on its way out. */}
      <div class="sections" aria-busy={wanted !== null}>
        <RatioSection />
        <NeuronSection />
        <UnitSection />
        <PathSection />
        <ScanSection />
      </div>
    </>
  );
}
