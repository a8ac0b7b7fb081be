/** Puts colour on text, or doesn't. */
export type Paint = (colour: 'red' | 'yellow' | 'green' | 'cyan' | 'dim' | 'bold', text: string) => string;

const CODES = { red: 31, yellow: 33, green: 32, cyan: 36, dim: 2, bold: 1 } as const;

/** ANSI colours when `colour` is true, else the text as it is. */
export function painter(colour: boolean): Paint {
  return colour ? (name, text) => `\u001b[${CODES[name]}m${text}\u001b[0m` : (_name, text) => text;
}

/** Whether a stream shows colours: a terminal, not a dumb one, and nobody set NO_COLOR (any value but the empty one; no-color.org). */
export function wantsColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
