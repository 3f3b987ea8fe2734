/** `npm run diagnose:sample`: installs, builds, and diagnoses in the terminal the sample whose gradients vanish. */
import { installAndBuild, run } from './install.mjs';

installAndBuild();
const sample = 'samples/deep_sigmoid';
// Exit code 1 says that there are findings, which is what this sample is for.
run(process.execPath, ['dist/cli.js', 'diagnose', `${sample}/model.onnx`, '--data', `${sample}/batch.npz`], {
  allowed: [0, 1],
});
