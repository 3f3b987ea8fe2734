import type { RegisterCommand } from './command';
import { jsonOption, type OutputOptions } from './options';
import { table } from './table';

export const registerProviders: RegisterCommand = (program, { engine, terminal, request }) => {
  const command = program.command('providers').description('execution providers found here, usable or why not');
  jsonOption(command).action(async ({ json }: OutputOptions) => {
    const providers = await engine.providers(request);
    if (json) terminal.printJson(providers);
    else
      terminal.print(
        table(
          [{ head: 'provider' }, { head: 'usable' }, { head: 'device, or why not' }],
          providers.map(({ id, usable, device, why }) => [id, usable ? 'yes' : 'no', device ?? why ?? '']),
        ),
      );
  });
};
