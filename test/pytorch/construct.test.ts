/** Modules that "Diagnose Module at Cursor" constructs by themselves: alone, with inputs that fit their layers. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { captureScript } from '../../extension/capture/capture-script';
import { python } from './python';

const shim = join(__dirname, '../../../dist/gradient_doctor_capture');
const execute = promisify(execFile);

const files: Readonly<Record<string, string>> = {
  'pkg/__init__.py': `WIDTH = 12\nfrom .model import Net\n`,
  'pkg/layers.py': `from torch import nn
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
    def forward(self, x):
        return x + self.fc(x).tanh()
`,
  'pkg/model.py': `from torch import nn
from . import WIDTH
from .layers import Block
from pkg.layers import Block as Same
assert Block is Same
class Net(nn.Module):
    def __init__(self, depth=3):
        super().__init__()
        self.blocks = nn.Sequential(*(Block(WIDTH) for _ in range(depth)))
    def forward(self, x):
        return self.blocks(x)
`,
  'pkg/sub/deep.py': `from torch import nn
from ..layers import Block
class Deep(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.block = Block(width)
    def forward(self, x):
        return {"features": x, "logits": self.block(x), "aux": self.block(x).sum()}
`,
  'odd.py': `import argparse, torch
from torch import nn
print("run in full", file=open("touched", "w"))
parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=24)
parser.add_argument("data")
args = parser.parse_args()
HIDDEN = 32
table = {}
table["scale"] = 2.0
class UsesArgs(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(args.width, 4)
    def forward(self, x):
        return self.a(x) * table["scale"]
class Required(nn.Module):
    def __init__(self, inputs, hidden, *, classes):
        super().__init__()
        self.a, self.b = nn.Linear(inputs, hidden), nn.Linear(hidden, classes)
    def forward(self, x):
        return self.b(self.a(x).relu())
class Tuple(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(6, 5, batch_first=True)
    def forward(self, x):
        return self.rnn(x)
class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(16, 50)
        self.tok, self.pos = nn.Embedding(50, 16), nn.Embedding(8, 16)
    def forward(self, ids):
        return self.head(self.tok(ids) + self.pos(torch.arange(ids.shape[1])))
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 4), nn.Linear(3, 4)
    def forward(self, x, y):
        return self.a(x) + self.b(y)
class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.c, self.f = nn.Conv2d(1, 4, 3), nn.Linear(4 * 26 * 26, 10)
    def forward(self, x):
        return self.f(self.c(x).relu().flatten(1))
class Keyword(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 4)
    def forward(self, x, *, scale):
        return self.a(x) * scale
class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 4), nn.Linear(5, 4)
    def forward(self, x, mask):
        return self.b(self.a(x))
def factory():
    class Inner(nn.Module):
        pass
    return Inner
`,
};

/** Constructs many classes in one process: what each is called on, or why it is not. */
const driver = `
import json, os, sys
from types import SimpleNamespace
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from gradient_doctor_capture.construct import call_constructed
from gradient_doctor_capture.refusal import Refusal
answers = []
for name, arguments, args in json.loads(sys.argv[2]):
    request = SimpleNamespace(script=os.path.abspath("odd.py"), construct=name, arguments=arguments, inputs="", args=args)
    try:
        answers.append(call_constructed(request)[2])
    except Refusal as refusal:
        answers.append(str(refusal))
print(json.dumps({"answers": answers, "touched": os.path.exists("touched")}))
`;

describe('a module by itself', function () {
  this.timeout(120_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-construct-'));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const captured = (script: string, name: string, args = '') =>
    captureScript(
      {
        python,
        script: join(folder, script),
        args: [],
        cwd: folder,
        construct: { class: name, arguments: args, inputs: '' },
      },
      { shim, out: join(folder, 'out', name), timeoutSeconds: 60 },
    );

  it('is part of its package: relative imports, and names of the package itself', async () => {
    const { network, experiment } = await captured('pkg/model.py', 'Net');
    assert.equal(network, 'Net');
    assert.equal(experiment.capture.construct!.inputs, 'float32[16, 12]');
  });

  it('may lie in a folder without __init__, and return a dictionary, whose logits are trained', async () => {
    const { notes } = await captured('pkg/sub/deep.py', 'Deep', '6');
    assert.match(notes.join('\n'), /returns 2 tensors; the captured run trains one of them, of shape \[16, 6\]/);
  });

  it('is made of what its file has at the top, and called on what fits its layers', async () => {
    const cases: [name: string, args: string, commandLine: string[], answer: RegExp][] = [
      ['UsesArgs', '', ['d.txt', '--width', '9'], /^float32\[16, 9\]$/],
      ['UsesArgs', '', [], /^odd\.py ended itself \(exit code 2\) where UsesArgs needs what it reads/],
      ['Required', '20, HIDDEN, classes=3', [], /^float32\[16, 20\]$/],
      ['Required', '', [], /missing 2 required .* It takes \(inputs, hidden, \*, classes\)\.$/],
      ['Required', '20,,', [], /^The arguments of Required are not valid Python: 20,,$/],
      ['Tuple', '', [], /^float32\[16, 20, 6\]$/],
      ['Tokens', '', [], /^int64\[16, 4\] < 50$/],
      ['Two', '', [], /^float32\[16, 8\]; float32\[16, 3\]$/],
      ['Images', '', [], /^float32\[16, 1, 28, 28\]$/],
      ['Keyword', '', [], /^Keyword\.forward takes scale by keyword, .* diagnose the script that calls it\.$/],
      ['Broken', '', [], /^Broken fails on .* State the inputs of forward\(x, mask\), as in/],
      ['Inner', '', [], /^odd\.py has no class Inner at its top level\.$/],
    ];
    const asked = JSON.stringify(cases.map(([name, args, commandLine]) => [name, args, commandLine]));
    const { stdout } = await execute(python, ['-c', driver, shim, asked], { cwd: folder });
    const { answers, touched } = JSON.parse(stdout) as { answers: string[]; touched: boolean };
    for (const [index, [name, , , answer]] of cases.entries()) assert.match(answers[index]!, answer, name);
    assert.equal(touched, false);
  });
});
