/** What a graph has to do without on an execution provider, whose operators are not all there, and what it has beside. */
import type { GraphBuilder } from '../onnx/builder';
import { blockConvolutions } from './blocked-channels';
import { gradientRules } from './gradients';
import { blockedForms } from './gradients/blocked-convolution';
import { convolutionRules } from './gradients/convolution';
import { maxPoolByComparison } from './gradients/pooling';
import type { GradientRules } from './rule';

export interface ProviderForm {
  /** BatchNormalization that trains, by elementary operators. */
  decompose: boolean;
  rules: GradientRules;
  /** What is done to a graph when it is complete. */
  finish?: (g: GraphBuilder) => void;
}

const onCpu: ProviderForm = { decompose: false, rules: gradientRules };

const forms: Readonly<Record<string, ProviderForm>> = {
  cuda: { decompose: true, rules: gradientRules },
  webgpu: { decompose: true, rules: { ...gradientRules, MaxPool: maxPoolByComparison } },
  // Untried for want of such machines: the form that asks least of a provider.
  dml: { decompose: true, rules: { ...gradientRules, MaxPool: maxPoolByComparison } },
  coreml: { decompose: true, rules: { ...gradientRules, MaxPool: maxPoolByComparison } },
};

/**
 * @param provider by ONNX Runtime's name
 * @param block of channels, where the provider has convolutions for them: see blocked-channels.ts
 */
export function providerForm(provider: string, block?: number): ProviderForm {
  const form = forms[provider] ?? onCpu;
  if (block === undefined) return form;
  return {
    ...form,
    rules: { ...form.rules, ...convolutionRules(blockedForms(block)) },
    finish: (g) => {
      blockConvolutions(g, block);
    },
  };
}
