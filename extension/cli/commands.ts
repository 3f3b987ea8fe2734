/** Every command, in the order of the help. */
import type { RegisterCommand } from './command';
import { registerBench } from './bench';
import { registerCapture } from './capture';
import { registerDiagnose } from './diagnose';
import { registerGradients } from './gradients';
import { registerInstallCuda } from './install-cuda';
import { registerInspect } from './inspect';
import { registerLint } from './lint';
import { registerPrescribe } from './prescribe';
import { registerProviders } from './providers';
import { registerRun } from './run';

export const commands: readonly RegisterCommand[] = [
  registerDiagnose,
  registerPrescribe,
  registerCapture,
  registerRun,
  registerInspect,
  registerGradients,
  registerLint,
  registerProviders,
  registerBench,
  registerInstallCuda,
];
