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
  }
};

parentPort?.on('message', (message: HostToAnalysis) => {
  if (!('ticket' in message)) {
    analysis.tell(message);
    return;
  }
  const { ticket } = message;
  let reply: AnalysisToHost;
  try {
    reply = { ticket, answer: answer(message) };
  } catch (error) {
    reply = { ticket, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  parentPort!.postMessage(reply);
});
