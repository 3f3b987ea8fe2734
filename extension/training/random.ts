/**
 * Random numbers that depend on a seed and on nothing else. Philox4x32-10 (Salmon et al., "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011): a counter is enciphered under the seed, so each purpose ("order of epoch 3", "teacher")
 * has its own stream, and drawing more numbers for one purpose never changes another.
 */
export class Random {
  private readonly counter: [number, number, number, number];
  private readonly key: readonly [number, number];
  private block: readonly number[] = [];
  private at = 0;
  private spareNormal: number | undefined;

  /** @param seed any finite number; its integer part counts, modulo 2⁶⁴. @param stream what the numbers are for. */
  constructor(seed: number, stream: string) {
    const bits = BigInt.asUintN(64, BigInt(Math.trunc(seed)));
    this.key = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
    this.counter = [0, 0, hash(stream, 0x811c9dc5), hash(stream, 0x01000193)];
  }

  /** 32 random bits as an integer ≥ 0. */
  bits(): number {
    if (this.at === this.block.length) {
      this.block = philox(this.counter, this.key);
      this.at = 0;
      this.counter[0] = (this.counter[0] + 1) >>> 0;
      if (this.counter[0] === 0) this.counter[1] = (this.counter[1] + 1) >>> 0;
    }
    return this.block[this.at++]!;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 0x4000000 + (this.bits() >>> 6)) / 0x20000000000000;
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    if (this.spareNormal !== undefined) {
      const spare = this.spareNormal;
      this.spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Uniform among 0 … bound − 1. The bias of the multiplication, bound/2⁵³, is nothing for the sizes of data sets. */
  integer(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** The numbers 0 … count − 1 in random order (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }
}

/** Ten rounds over one counter: four words of 32 bits. */
export function philox(counter: readonly [number, number, number, number], key: readonly [number, number]): number[] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = highWord(0xd2511f53, c0);
    const high1 = highWord(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the product of two words, by halves: a double does not hold 64 bits. */
function highWord(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** FNV-1a of a text. */
function hash(text: string, basis: number): number {
  let state = basis;
  for (const byte of new TextEncoder().encode(text)) state = Math.imul(state ^ byte, 0x01000193);
  return state >>> 0;
}
