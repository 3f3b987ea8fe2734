/** Runs in the page of the panel before it: plays the part of the extension. Bundled by panel-page.ts. */
import {
  packCurves,
  packFinding,
  type HostToPanel,
  type PackedCurves,
  type PanelRun,
  type PanelSearch,
  type PanelToHost,
} from '../../extension/protocol/panel-messages';
import type { Finding } from '../../extension/protocol/finding';
import { rowWidth } from '../../extension/protocol/run';
import { syntheticRun, type SyntheticOptions, type SyntheticRun } from './synthetic-run';

export interface ShownRun extends SyntheticOptions {
  name: string;
  findings?: readonly Finding[];
  running?: boolean;
  /** Steps sent to begin with; all by default. */
  sent?: number;
  /** What was tried on it. */
  search?: PanelSearch;
}

const received: PanelToHost[] = [];
const violations: string[] = [];
const longTasks: number[] = [];
let state: unknown;
const runs = window.preparedRuns.map((shown) => ({
  shown,
  run: syntheticRun(shown),
  sent: shown.sent ?? shown.steps,
}));

const post = (message: HostToPanel) => {
  const buffers = 'rows' in message && 'steps' in message ? [message.rows.buffer, message.steps.buffer] : [];
  window.postMessage(message, '*', buffers);
};

const listed = (): readonly PanelRun[] =>
  runs.map(({ shown, sent }, index) => ({
    id: `run-${index}`,
    name: shown.name,
    startedAt: new Date(Date.UTC(2026, 0, 1, 12, index)).toISOString(),
    steps: sent,
    end: shown.running && sent < shown.steps ? undefined : { kind: 'finished' },
    findings: (shown.findings ?? []).map(packFinding),
  }));

const part = ({ run }: { run: SyntheticRun }, from: number, to: number) => {
  const width = rowWidth(run.header.layout);
  return { steps: run.steps.slice(from, to), rows: run.rows.slice(from * width, to * width) };
};

/** All that is known of a run, anew. */
function resend(index: number): void {
  const run = runs[index]!;
  post({ type: 'full', id: `run-${index}`, header: run.run.header, ...part(run, 0, run.sent) });
}

/** Losses and gradients that tell the trials apart. */
function curvesOf(index: number, { layout }: SyntheticRun['header'], steps: number) {
  const linear = layout.layers.filter(({ kind }) => kind === 'linear');
  const gradient = linear.map(({ name }, depth) => ({
    layer: name,
    magnitude: 10 ** ((index < 0 ? -4 : -0.3) * (linear.length - depth)),
  }));
  return packCurves({
    losses: Float32Array.from({ length: steps }, (_, step) => 2.3 * (index < 0 ? 1 : 0.97 ** (step / (index + 1)))),
    weightGradient: gradient,
    activationGradient: gradient.map(({ layer, magnitude }) => ({ layer, magnitude: magnitude / 3 })),
  });
}

const sendSearch = (index: number) => {
  const { search } = runs[index]!.shown;
  post({ type: 'search', id: `run-${index}`, ...(search && { search }) });
};

function answer(message: PanelToHost): void {
  received.push(message);
  if (message.type === 'ready') {
    post({ type: 'hello', language: 'en', texts: {} });
    post({ type: 'runs', runs: listed(), selected: runs.length > 0 ? 'run-0' : undefined });
    if (runs.length > 0) sendSearch(0);
  }
  if (message.type === 'curves') {
    const { shown, run } = runs[Number(message.id.slice('run-'.length))]!;
    const [before, after] = [-1, message.trial].map((trial) => curvesOf(trial, run.header, shown.steps)) as [
      PackedCurves,
      PackedCurves,
    ];
    post({ type: 'curves', id: message.id, trial: message.trial, before, after });
  }
  if (message.type === 'watch')
    for (const id of message.ids) {
      resend(Number(id.slice('run-'.length)));
    }
}

Object.assign(window, {
  acquireVsCodeApi: () => ({
    postMessage: (message: PanelToHost) =>
      setTimeout(() => {
        answer(message);
      }),
    getState: () => state,
    setState: (next: unknown) => {
      state = next;
    },
  }),
  harness: {
    received,
    violations,
    longTasks,
    post,
    resend,
    /** The run goes on by so many steps. */
    advance: (index: number, count: number) => {
      const run = runs[index]!;
      post({ type: 'delta', id: `run-${index}`, ...part(run, run.sent, run.sent + count) });
      run.sent += count;
      post({ type: 'runs', runs: listed(), selected: 'run-0' });
    },
  },
});
document.addEventListener('securitypolicyviolation', (event) => {
  violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) longTasks.push(entry.duration);
}).observe({ type: 'longtask', buffered: true });
