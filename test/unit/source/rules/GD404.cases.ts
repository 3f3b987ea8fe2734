import { torch, type RuleCases } from './cases';

const block = (init: string, forward: string): string =>
  torch(`
class Block(nn.Module):
    def __init__(self, n=64, heads=4):
        super().__init__()
        self.attention = nn.MultiheadAttention(n, heads, batch_first=True)
        self.up = nn.Linear(n, 4 * n)
        self.down = nn.Linear(4 * n, n)
${init}
    def forward(self, x):
${forward}
`);

const norms = '        self.norm1 = nn.LayerNorm(n)\n        self.norm2 = nn.LayerNorm(n)\n';

const byHand = (forward: string): string =>
  torch(`
class SelfAttention(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.q = nn.Linear(n, n)
        self.k = nn.Linear(n, n)
        self.v = nn.Linear(n, n)
    def forward(self, x):
        scores = self.q(x) @ self.k(x).transpose(-2, -1) / 8
        return F.softmax(scores, dim=-1) @ self.v(x)

class Block(nn.Module):
    def __init__(self, n=32):
        super().__init__()
        self.attn = SelfAttention(n)
        self.norm = nn.LayerNorm(n)
        self.mlp = nn.Sequential(nn.Linear(n, 4 * n), nn.GELU(), nn.Linear(4 * n, n))
    def forward(self, x):
${forward}
`);

export const cases: RuleCases = {
  code: 'GD404',
  trips: {
    neither: block(
      '',
      `        x, _ = self.attention(x, x, x)
        return self.down(F.relu(self.up(x)))`,
    ),
    'no residual': block(
      norms,
      `        x, _ = self.attention(self.norm1(x), self.norm1(x), self.norm1(x))
        return self.down(F.gelu(self.up(self.norm2(x))))`,
    ),
    'no norm': block(
      '',
      `        x = x + self.attention(x, x, x)[0]
        return x + self.down(F.relu(self.up(x)))`,
    ),
    'attention by hand, no residual': byHand('        return self.mlp(self.norm(self.attn(x)))'),
    'attention of the library, no residual': torch(`
class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.qkv = nn.Linear(n, 3 * n)
        self.norm = nn.LayerNorm(n)
        self.up = nn.Linear(n, 4 * n)
        self.down = nn.Linear(4 * n, n)
    def forward(self, x):
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.down(F.silu(self.up(y)))
`),
    'a stack of bad blocks': `${block(
      '',
      `        y, weights = self.attention(x, x, x)
        y = self.up(y)
        y = torch.relu(y)
        return self.down(y)`,
    )}
model = nn.Sequential(*[Block() for _ in range(6)])
`,
    'the residual only around the feed-forward part, no norm': block(
      '',
      `        x = self.attention(x, x, x)[0]
        return x + self.down(F.relu(self.up(x)))`,
    ),
    'a feed-forward part of its own': torch(`
class FeedForward(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n, 4 * n), nn.ReLU(), nn.Linear(4 * n, n))
    def forward(self, x):
        return self.net(x)

class Layer(nn.Module):
    def __init__(self, n=32):
        super().__init__()
        self.attn = nn.MultiheadAttention(n, 4)
        self.ff = FeedForward(n)
    def forward(self, x):
        a, _ = self.attn(x, x, x)
        return self.ff(a)
`),
  },
  passes: {
    'before each part': block(
      norms,
      `        y = self.norm1(x)
        x = x + self.attention(y, y, y)[0]
        return x + self.down(F.gelu(self.up(self.norm2(x))))`,
    ),
    'after each part': block(
      norms,
      `        y, _ = self.attention(x, x, x)
        x = self.norm1(x + y)
        return self.norm2(x + self.down(F.relu(self.up(x))))`,
    ),
    'in place': block(
      norms,
      `        residual = x
        x, _ = self.attention(x, x, x)
        x += residual
        x = self.norm1(x)
        return self.down(F.relu(self.up(x)))`,
    ),
    'attention by hand': byHand(`        x = x + self.attn(self.norm(x))
        return x + self.mlp(self.norm(x))`),
    'the library layer': torch('layer = nn.TransformerEncoderLayer(64, 4)\ny = layer(x)\n'),
    'attention pooling, not a block': torch(`
class Pool(nn.Module):
    def __init__(self, n=16):
        super().__init__()
        self.attention = nn.MultiheadAttention(n, 2)
        self.out = nn.Linear(n, 3)
    def forward(self, query, x):
        y, _ = self.attention(query, x, x)
        return self.out(y)
`),
    'the residual in a wrapper': torch(`
class Residual(nn.Module):
    def __init__(self, n, inner):
        super().__init__()
        self.norm = nn.LayerNorm(n)
        self.inner = inner
    def forward(self, x):
        return x + self.inner(self.norm(x))

class Attention(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.attention = nn.MultiheadAttention(n, 4)
    def forward(self, x):
        return self.attention(x, x, x)[0]

class Block(nn.Module):
    def __init__(self, n=32):
        super().__init__()
        self.a = Residual(n, Attention(n))
        self.b = Residual(n, nn.Sequential(nn.Linear(n, n), nn.GELU(), nn.Linear(n, n)))
    def forward(self, x):
        return self.b(self.a(x))
`),
    'something that is not known inside': torch(`
from mine import Skip
class Block(nn.Module):
    def __init__(self, n=32):
        super().__init__()
        self.attention = nn.MultiheadAttention(n, 4)
        self.skip = Skip()
        self.up = nn.Linear(n, n)
        self.down = nn.Linear(n, n)
    def forward(self, x):
        y = self.skip(x, self.attention(x, x, x)[0])
        return self.down(F.relu(self.up(y)))
`),
  },
};
