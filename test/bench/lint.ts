/**
 * How long the editor waits for findings, and the command line for a project. `node out/test/bench/lint.js`.
 *
 * One file of 2,500 lines, put together from the examples of all rules, is edited again and again; then 1,000 such
 * programs are linted. Times are in milliseconds: the best and the median, of which the best says most on a busy machine.
 */
import { analyse } from '../../extension/source/analyse';
import { lintTrace } from '../../extension/source/lint';
import { lintText } from '../../extension/source/lint-files';
import { parseSource, type ParsedSource } from '../../extension/source/parse';
import { examples, longFile } from './long-file';

const edits = 40;
const files = 1000;

const summary = (times: readonly number[]): string => {
  const sorted = [...times].sort((a, b) => a - b);
  return `${sorted[0]!.toFixed(1)} (median ${sorted[sorted.length >> 1]!.toFixed(1)})`;
};

function edit(): void {
  const text = longFile();
  const times = { parse: [] as number[], analysis: [] as number[], rules: [] as number[], all: [] as number[] };
  let earlier: ParsedSource | undefined;
  for (let index = 0; index < edits; index++) {
    const middle = text.indexOf('\n', text.length >> 1) + 1;
    const edited = `${text.slice(0, middle)}${'\n'.repeat(index)}${text.slice(middle)}`;
    const begin = performance.now();
    const file = parseSource('/long.py', edited, 'python', earlier);
    const parsed = performance.now();
    const trace = analyse(file);
    const followed = performance.now();
    lintTrace(file, trace);
    const end = performance.now();
    earlier = file;
    if (index === 0) continue;
    times.parse.push(parsed - begin);
    times.analysis.push(followed - parsed);
    times.rules.push(end - followed);
    times.all.push(end - begin);
  }
  console.log(`an edit in ${text.split('\n').length} lines: ${summary(times.all)} ms`);
  for (const [name, each] of Object.entries(times)) if (name !== 'all') console.log(`  ${name}: ${summary(each)}`);
}

function project(): void {
  const begin = performance.now();
  let findings = 0;
  for (let index = 0; index < files; index++) {
    // Three examples a file, so that no two files are alike.
    const parts = [1, 7, 31].map((step) => examples[(index * step) % examples.length]!);
    findings += lintText(`/file${index}.py`, parts.join('\n')).length;
  }
  console.log(`${files} files: ${((performance.now() - begin) / 1000).toFixed(1)} s, ${findings} findings`);
}

edit();
project();
