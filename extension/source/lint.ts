/** Static findings in one source file. */
import type { Severity } from '../protocol/finding';
import { analyse, frameworkOf } from './analyse';
import { disabledIn } from './comments';
import { Flow } from './flow';
import { concernsFramework } from './framework';
import type { FindModule } from './interpreter';
import type { ParsedSource } from './parse';
import { fixAllCodes, rules } from './rules';
import type { Fix, Problem, Rule, RuleContext } from './rules/rule';
import type { Trace } from './trace';

export type RuleSetting = Severity | 'off';

export interface LintOptions {
  /** Severities that differ from the rules' own, by code. */
  severities?: Readonly<Record<string, RuleSetting>>;
  /** Only these rules. */
  only?: readonly string[];
  findModule?: FindModule;
}

export interface LintFinding extends Problem {
  rule: Rule;
  severity: Severity;
  fixes: readonly Fix[];
}

/** The fixes that a fix-all may make. */
export const safeFixOf = ({ rule, fixes }: Pick<LintFinding, 'rule' | 'fixes'>): Fix | undefined =>
  fixAllCodes.includes(rule.code) ? fixes.find(({ safe }) => safe) : undefined;

/** Checks a parsed file with every rule that is switched on. */
export const lintSource = (file: ParsedSource, options: LintOptions = {}): LintFinding[] =>
  concernsFramework(file.source) ? lintTrace(file, analyse(file, options.findModule), options) : [];

/** Checks a file that has been followed already. */
export const lintTrace = (file: ParsedSource, trace: Trace, options: LintOptions = {}): LintFinding[] => {
  const framework = frameworkOf(file);
  const known = new Map<string, readonly Problem[]>();
  const context: RuleContext = {
    file,
    trace,
    flow: new Flow(trace.ops),
    framework,
    found: (code) => {
      let problems = known.get(code);
      if (!problems) {
        const rule = rules.find((each) => each.code === code);
        problems = rule?.frameworks.includes(framework) ? [...rule.check(context)] : [];
        known.set(code, problems);
      }
      return problems;
    },
  };
  const disabled = disabledIn(file.source);
  const findings: LintFinding[] = [];
  for (const rule of rules) {
    const setting = options.severities?.[rule.code];
    if (setting === 'off' || (options.only && !options.only.includes(rule.code))) continue;
    const seen = new Set<string>();
    for (const problem of context.found(rule.code)) {
      const key = `${problem.at.from}-${problem.at.to}`;
      if (seen.has(key) || disabled.on(rule.code, file.source.lineOf(problem.at.from))) continue;
      seen.add(key);
      const severity = setting ?? problem.severity ?? rule.severity;
      findings.push({ ...problem, rule, severity, fixes: problem.fixes ?? [] });
    }
  }
  return findings.sort((a, b) => a.at.from - b.at.from || a.rule.code.localeCompare(b.rule.code));
};
