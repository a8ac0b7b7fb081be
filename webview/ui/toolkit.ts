/**
 * Registers the component library's elements. A bundle of its own (dist/webview/toolkit.js), loaded before the page's script:
 * elements that exist when Preact draws them take properties such as `value` and `checked`.
 *
 * The library is deprecated (microsoft/vscode-webview-ui-toolkit#561) and works; its version is pinned. The way out, when a VS
 * Code no longer suits it: `@vscode-elements/elements`. In this file, import its modules instead of registering; its tags differ
 * in `vscode-dropdown` → `vscode-single-select`, `vscode-link` → a plain `<a>`, `vscode-text-field` → `vscode-textfield`, and
 * `appearance="secondary"` → `secondary`; toolkit-elements.d.ts then names every place that has to follow.
 *
 * Not registered: `vscode-badge`, whose template has a style attribute, which the policy of our pages refuses (use the class
 * `fp-badge`), and what no page uses.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDivider,
  vsCodeDropdown,
  vsCodeLink,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeRadio,
  vsCodeRadioGroup,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDivider(),
  vsCodeDropdown(),
  vsCodeLink(),
  vsCodeOption(),
  vsCodeProgressRing(),
  vsCodeRadio(),
  vsCodeRadioGroup(),
  vsCodeTextField(),
);
