import { diagnose } from '../diagnosis/diagnose';
import type { Finding } from '../protocol/finding';
import { exitCodes, type RegisterCommand } from './command';
import { experimentOf, experimentOptions, type ExperimentOptions } from './experiment-options';
import { jsonOption, type OutputOptions } from './options';
import { runDocument } from './run-document';
import { runReport } from './run-report';
import { thresholdOption, type ThresholdOptions } from './thresholds';
import { train } from './train';

type DiagnoseOptions = ExperimentOptions & OutputOptions & ThresholdOptions;

export const registerDiagnose: RegisterCommand = (program, context) => {
  const command = program
    .command('diagnose')
    .description('train the model and print what is wrong with its gradients')
    .argument('<model>', 'ONNX file, or the folder of a capture');
  thresholdOption(experimentOptions(jsonOption(command))).action(async (model: string, options: DiagnoseOptions) => {
    const run = await train(await experimentOf(model, options), context);
    const findings = diagnose(run, options.threshold);
    if (options.json) context.terminal.printJson(runDocument(run, findings));
    else context.terminal.print(runReport(run, findings));
    context.exitCode = exitCodeOf(findings);
  });
};

/** Exit code 1 says that there is something to mend. */
export const exitCodeOf = (findings: readonly Pick<Finding, 'severity'>[]): number =>
  findings.some(({ severity }) => severity !== 'information') ? exitCodes.findings : exitCodes.done;
