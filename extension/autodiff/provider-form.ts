/** What a graph has to do without on an execution provider, whose operators are not all there. */
import { gradientRules } from './gradients';
import { maxPoolByComparison } from './gradients/pooling';
import type { GradientRules } from './rule';

export interface ProviderForm {
  /** BatchNormalization that trains, by elementary operators. */
  decompose: boolean;
  rules: GradientRules;
}

const onCpu: ProviderForm = { decompose: false, rules: gradientRules };

const forms: Readonly<Record<string, ProviderForm>> = {
  cuda: { decompose: true, rules: gradientRules },
  webgpu: { decompose: true, rules: { ...gradientRules, MaxPool: maxPoolByComparison } },
  // Untried for want of such machines: the form that asks least of a provider.
  dml: { decompose: true, rules: { ...gradientRules, MaxPool: maxPoolByComparison } },
  coreml: { decompose: true, rules: { ...gradientRules, MaxPool: maxPoolByComparison } },
};

/** @param provider by ONNX Runtime's name */
export const providerForm = (provider: string): ProviderForm => forms[provider] ?? onCpu;
