import type { HTMLAttributes } from 'preact';

/** An element of the library with a value. */
interface WithValue extends HTMLElement {
  value: string;
}

/** An element of the library that is on or off. */
interface WithCheck extends HTMLElement {
  checked: boolean;
}

interface Choice extends HTMLAttributes<WithCheck> {
  /** Setting it fires `change` too, not only a click: act when `event.currentTarget.checked` is new. */
  checked?: boolean;
  disabled?: boolean;
  name?: string;
  value?: string;
}

/** The elements that toolkit.ts registers, with the attributes and properties that pages use. */
declare module 'preact/jsx-runtime' {
  namespace JSX {
    interface IntrinsicElements {
      'vscode-button': HTMLAttributes<HTMLElement> & {
        /** Default: primary. `icon` needs an `aria-label`. */
        appearance?: 'primary' | 'secondary' | 'icon';
        disabled?: boolean;
      };
      'vscode-checkbox': Choice;
      'vscode-divider': HTMLAttributes<HTMLElement> & { role?: 'separator' | 'presentation' };
      'vscode-dropdown': HTMLAttributes<WithValue> & {
        disabled?: boolean;
        /** Put the options before it is set: the `value` prop of a dropdown drawn again follows its `vscode-option selected`. */
        value?: string;
        position?: 'above' | 'below';
      };
      'vscode-link': HTMLAttributes<HTMLElement> & { href?: string; target?: string };
      'vscode-option': HTMLAttributes<HTMLElement> & { value?: string; selected?: boolean; disabled?: boolean };
      /** Turns as long as it is there. It makes itself an alert with the name Loading, which screen readers say at once. */
      'vscode-progress-ring': HTMLAttributes<HTMLElement>;
      'vscode-radio': Choice;
      'vscode-radio-group': HTMLAttributes<WithValue> & {
        /** Setting it fires `change` too. */
        value?: string;
        name?: string;
        disabled?: boolean;
        orientation?: 'horizontal' | 'vertical';
      };
      'vscode-text-field': HTMLAttributes<WithValue> & {
        value?: string;
        disabled?: boolean;
        placeholder?: string;
        size?: number;
        maxlength?: number;
      };
    }
  }
}
