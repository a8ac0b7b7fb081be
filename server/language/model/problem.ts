import type { Diagnostic } from 'vscode-languageserver-types';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Failure } from '../../protocol/errors';
import { modelTop } from './text';
import { problem } from '../text/problem';

/** Why a model that is open can't be defended, and what to do: no fault of the file, which may serve other ends well. */
export function modelProblem(document: TextDocument, { code, message, todo }: Failure): Diagnostic {
  return problem(code, 'information', modelTop(document), [message, todo].filter(Boolean).join(' '));
}
