import * as vscode from 'vscode';
import type { ProviderInfo } from '../protocol/provider';

const setting = 'executionProvider';

/** Lets the user choose the execution provider; the ones that are not usable say why. */
export async function pickProvider(list: () => Promise<readonly ProviderInfo[]>): Promise<void> {
  const configuration = vscode.workspace.getConfiguration('gradientDoctor');
  const current = configuration.get<string>(setting);
  const automatic = {
    label: 'auto',
    description: vscode.l10n.t('CUDA where it is installed and works, else the CPU'),
    usable: true,
  };
  const items = list().then((providers) =>
    [
      automatic,
      ...providers.map((provider) => ({ ...provider, label: provider.id, description: provider.device })),
    ].map((provider) => ({
      ...provider,
      description: [provider.description, ...(provider.label === current ? [vscode.l10n.t('current')] : [])]
        .filter(Boolean)
        .join(' · '),
      iconPath: new vscode.ThemeIcon(provider.usable ? 'pass' : 'circle-slash'),
      detail: provider.usable ? undefined : 'why' in provider ? provider.why : undefined,
    })),
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Which execution provider shall train the models?'),
    matchOnDetail: true,
    // Asking every provider takes seconds, in which any view that opens would take the focus and so close the list.
    ignoreFocusOut: true,
  });
  if (!picked) return;
  if (picked.usable) await configuration.update(setting, picked.label, vscode.ConfigurationTarget.Global);
  else
    void vscode.window.showWarningMessage(
      picked.detail ?? vscode.l10n.t('{0} is not usable on this machine.', picked.label),
    );
}
