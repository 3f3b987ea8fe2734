/** The thread that reads source files, so that no analysis keeps the extension host from anything else. */
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { AnalysisToHost, HostToAnalysis } from './analysis-messages';
import { SourceAnalysis } from './source-analysis';

const longestFile = 1_000_000;

const analysis = new SourceAnalysis((path) => {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > longestFile ? undefined : text;
  } catch {
    return undefined;
  }
});

const answer = (message: HostToAnalysis & { ticket: number }): unknown => {
  switch (message.type) {
    case 'lint':
      return analysis.lint(message.given);
    case 'fixAll':
      return analysis.fixAll(message.given);
    case 'remedies':
      return analysis.remedies(message.given);
    case 'edit':
      return analysis.edit(message.given);
    case 'refusals':
      return analysis.refusals(message.given);
    case 'layers':
      return analysis.layers(message.given);
    case 'outline':
      return analysis.outline(message.given);
  }
};

function reply(message: HostToAnalysis & { ticket: number }): AnalysisToHost {
  const { ticket } = message;
  try {
    return { ticket, answer: answer(message) };
  } catch (error) {
    return { ticket, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort?.on('message', (message: HostToAnalysis) => {
  if (!('ticket' in message)) analysis.tell(message);
  else parentPort!.postMessage(reply(message));
});
