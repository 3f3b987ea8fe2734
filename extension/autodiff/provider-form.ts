/** What a graph has to do without on an execution provider, whose operators are not all there, and what it has beside. */
import type { GraphBuilder } from '../onnx/builder';
import { blockConvolutions } from './blocked-channels';
import { gradientRules } from './gradients';
import { convolutionRules } from './gradients/convolution';
import { formsOnCpu } from './gradients/convolution-on-cpu';
import { maxPoolByComparison } from './gradients/pooling';
import type { GradientRules } from './rule';
import { spreadConvolutions } from './spread-convolution';

export interface ProviderForm {
  /** BatchNormalization that trains, by elementary operators. */
  decompose: boolean;
  rules: GradientRules;
  /** What is done to a graph when it is complete. */
  finish?: (g: GraphBuilder) => void;
}

/** @param block of channels, where there are convolutions for them: see blocked-channels.ts */
const onCpu = (block?: number): ProviderForm => ({
  decompose: false,
  rules: { ...gradientRules, ...convolutionRules(formsOnCpu(block)) },
  ...(block !== undefined && {
    finish: (g) => {
      blockConvolutions(g, block);
    },
  }),
});

const forms: Readonly<Record<string, ProviderForm>> = {
  cuda: { decompose: true, rules: gradientRules },
  webgpu: {
    decompose: true,
    rules: { ...gradientRules, MaxPool: maxPoolByComparison },
    finish: spreadConvolutions,
  },
  // Untried for want of such machines: the form that asks least of a provider.
  dml: { decompose: true, rules: { ...gradientRules, MaxPool: maxPoolByComparison } },
  coreml: { decompose: true, rules: { ...gradientRules, MaxPool: maxPoolByComparison } },
};

/**
 * @param provider by ONNX Runtime's name
 * @param block of channels, for the CPU
 */
export const providerForm = (provider: string, block?: number): ProviderForm => forms[provider] ?? onCpu(block);
