/** What package.json contributes, by name. A unit test compares the two. */

export const commands = {
  diagnose: 'gradientDoctor.diagnose',
  diagnoseSample: 'gradientDoctor.diagnoseSample',
  getStarted: 'gradientDoctor.getStarted',
  prescribe: 'gradientDoctor.prescribe',
  prescribeRun: 'gradientDoctor.prescribeRun',
  inspect: 'gradientDoctor.inspect',
  stop: 'gradientDoctor.stop',
  showPanel: 'gradientDoctor.showPanel',
  openInEditor: 'gradientDoctor.openInEditor',
  exportRun: 'gradientDoctor.exportRun',
  selectProvider: 'gradientDoctor.selectProvider',
  installCuda: 'gradientDoctor.installCuda',
  showRun: 'gradientDoctor.showRun',
  renameRun: 'gradientDoctor.renameRun',
  deleteRun: 'gradientDoctor.deleteRun',
  showLayer: 'gradientDoctor.showLayer',
  openLayerSource: 'gradientDoctor.openLayerSource',
  isolateLayer: 'gradientDoctor.isolateLayer',
  freezeLayer: 'gradientDoctor.freezeLayer',
  unfreezeLayer: 'gradientDoctor.unfreezeLayer',
  showOutput: 'gradientDoctor.showOutput',
  openHandbook: 'gradientDoctor.openHandbook',
} as const;

/** Those of notebooks, which the notebooks register themselves. */
export const notebookCommands = {
  newNotebook: 'gradientDoctor.newNotebook',
  openAsNotebook: 'gradientDoctor.openAsNotebook',
  exportNotebook: 'gradientDoctor.exportNotebook',
} as const;

/** Those about source files. */
export const sourceCommands = {
  openRule: 'gradientDoctor.openRule',
  applyTrial: 'gradientDoctor.applyTrial',
} as const;

/** Those that get a model out of the user's code; lenses offer them where they are. */
export const captureCommands = {
  diagnoseScript: 'gradientDoctor.diagnoseScript',
  diagnoseModule: 'gradientDoctor.diagnoseModule',
  measureAgain: 'gradientDoctor.measureAgain',
} as const;

/** Those that run code of the workspace or train a model of it. */
export const commandsInTrust: readonly string[] = [
  commands.diagnose,
  commands.prescribe,
  commands.prescribeRun,
  ...Object.values(captureCommands),
];

export const views = {
  panel: 'gradientDoctor.panel',
  layers: 'gradientDoctor.layers',
  findings: 'gradientDoctor.findings',
  runs: 'gradientDoctor.runs',
} as const;

/** Keys for `when` clauses. */
export const contexts = {
  running: 'gradientDoctor.running',
  hasRun: 'gradientDoctor.hasRun',
} as const;

export const viewContainer = 'gradientDoctor';
export const panelViewType = 'gradientDoctor.panelEditor';
export const walkthrough = 'start';
