import { styleText } from 'node:util';

/** Puts colour on text, or doesn't. */
export type Paint = (colour: 'red' | 'yellow' | 'green' | 'cyan' | 'dim' | 'bold', text: string) => string;

/** ANSI colours when `colour` is true, else the text as it is. */
export function painter(colour: boolean): Paint {
  // Whether the stream takes colours was asked by `wantsColour`; here, none is asked.
  return colour ? (name, text) => styleText(name, text, { validateStream: false }) : (_name, text) => text;
}

/** Whether a stream shows colours: a terminal, not a dumb one, and nobody set NO_COLOR (any value but the empty one; no-color.org). */
export function wantsColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
