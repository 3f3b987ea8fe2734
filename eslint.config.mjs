import tseslint from 'typescript-eslint';

/** What each folder of the house may import from the others. Arrows go one way (docs/architecture.md). */
const arrows = {
  protocol: [],
  onnx: ['protocol'],
  autodiff: ['protocol', 'onnx'],
  training: ['protocol', 'onnx', 'autodiff'],
  trainer: ['protocol', 'onnx', 'autodiff', 'training', 'remedies'],
  diagnosis: ['protocol'],
  remedies: ['protocol', 'onnx', 'autodiff', 'training', 'diagnosis', 'source'],
  source: ['protocol'],
  capture: ['protocol', 'source'],
};
const edges = ['capture', 'editor', 'notebook', 'panel', 'trainer'];
const folders = [...new Set([...Object.keys(arrows), ...edges])];

const boundaries = Object.entries(arrows).map(([folder, allowed]) => ({
  files: [`extension/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: folders
              .filter((other) => other !== folder && !allowed.includes(other))
              .map((other) => `**/${other}/**`),
            message: `${folder}/ may import only: ${allowed.join(', ') || 'nothing'}.`,
          },
          { group: ['**/cli', '**/extension', '**/webview/**'], message: 'The core does not know its edges.' },
          ...(edges.includes(folder)
            ? []
            : [{ group: ['vscode'], message: 'Only the edges of the house know the editor.' }]),
          ...(folder === 'protocol'
            ? [{ group: ['node:*', 'onnxruntime-node'], message: 'protocol/ runs everywhere.' }]
            : []),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  {
    ignores: ['dist', 'out', 'node_modules', 'extension/onnx/onnx_pb.ts', 'samples', 'test/fixtures', 'test-artifacts'],
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  ...boundaries,
  {
    files: ['webview/**/*.ts'],
    ignores: ['webview/ui/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@vscode/webview-ui-toolkit*'], message: 'Only webview/ui imports the UI toolkit.' }] },
      ],
    },
  },
);
