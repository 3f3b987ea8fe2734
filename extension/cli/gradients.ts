import { number, plural } from '../diagnosis/sentence';
import type { RegisterCommand } from './command';
import { batchExperiment, batchOptions, type BatchOptions } from './experiment-options';
import { jsonOption, list, type OutputOptions } from './options';

interface GradientsOptions extends BatchOptions, OutputOptions {
  out: string;
  wrt?: string[];
}

export const registerGradients: RegisterCommand = (program, { engine, terminal, request }) => {
  const command = program
    .command('gradients')
    .description("one forward and backward at the model's own weights: the loss and every gradient, as .npz")
    .argument('<model>', 'ONNX file, or the folder of a capture')
    .requiredOption('--out <file>', '.npz to write: "loss", and one array per parameter')
    .option('--wrt <names>', 'float inputs or initializers, instead of the parameters', list);
  batchOptions(jsonOption(command)).action(async (model: string, options: GradientsOptions) => {
    const { out, wrt, json } = options;
    const { loss, parameters } = await engine.gradients(
      { experiment: await batchExperiment(model, options), out, wrt },
      request,
    );
    if (json) terminal.printJson({ loss, parameters, out });
    else terminal.print(`loss ${number(loss)}; gradients of ${plural(parameters, 'tensor')} in ${out}`);
  });
};
