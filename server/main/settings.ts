import path from 'node:path';
import type { Connection } from 'vscode-languageserver/node';
import { SETTINGS_SECTION, type Settings } from '../protocol/messages/lsp';

export const DEFAULT_SETTINGS: Settings = {
  backend: null,
  dataFolders: [],
  nativeEnginePath: '',
  inlayHints: { enabled: true },
  codeLens: { enabled: true },
};

/** Settings as the client has them for a resource; pulled when first needed, and again after they changed. */
export class SettingsStore {
  private readonly cached = new Map<string, Promise<Settings>>();

  constructor(
    private readonly connection: Connection,
    private readonly clientHasConfiguration: () => boolean,
  ) {}

  get(uri: string): Promise<Settings> {
    if (!this.clientHasConfiguration()) return Promise.resolve(DEFAULT_SETTINGS);
    let settings = this.cached.get(uri);
    if (!settings) {
      settings = this.pull(uri);
      this.cached.set(uri, settings);
    }
    return settings;
  }

  clear(): void {
    this.cached.clear();
  }

  private async pull(uri: string): Promise<Settings> {
    try {
      const value = (await this.connection.workspace.getConfiguration({
        scopeUri: uri,
        section: SETTINGS_SECTION,
      })) as Partial<Settings> | null;
      return withDefaults(value ?? {});
    } catch {
      // A client that is going away answers nothing; what is shown meanwhile follows the defaults.
      this.cached.delete(uri);
      return DEFAULT_SETTINGS;
    }
  }
}

// The client's schema keeps honest people right; a settings file edited by hand can hold anything.
function withDefaults(value: Partial<Settings>): Settings {
  return {
    backend: (['auto', 'native', 'wasm'] as const).find((name) => name === value.backend) ?? null,
    dataFolders: Array.isArray(value.dataFolders)
      ? value.dataFolders.filter((folder) => typeof folder === 'string' && path.isAbsolute(folder))
      : [],
    nativeEnginePath: typeof value.nativeEnginePath === 'string' ? value.nativeEnginePath : '',
    inlayHints: { enabled: value.inlayHints?.enabled !== false },
    codeLens: { enabled: value.codeLens?.enabled !== false },
  };
}
