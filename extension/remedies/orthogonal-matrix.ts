/**
 * A random matrix with orthonormal rows or columns, whichever are fewer, uniformly distributed: the Q of a Gaussian
 * matrix with the signs of R's diagonal taken out (Saxe et al., 2014; `torch.nn.init.orthogonal_`).
 * @returns rows × columns, row-major.
 */
export function orthogonalMatrix(rows: number, columns: number, normal: () => number): Float64Array {
  // Gram–Schmidt on the shorter side, twice: once is not enough for orthogonality to working precision.
  const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    const vector = Float64Array.from({ length }, normal);
    for (let pass = 0; pass < 2; pass++)
      for (const other of vectors) {
        const projection = dot(vector, other);
        for (let i = 0; i < length; i++) vector[i]! -= projection * other[i]!;
      }
    const norm = Math.sqrt(dot(vector, vector));
    if (norm > 1e-8) vectors.push(vector.map((x) => x / norm));
  }
  const matrix = new Float64Array(rows * columns);
  vectors.forEach((vector, v) => {
    for (let i = 0; i < length; i++) matrix[rows < columns ? v * columns + i : i * columns + v] = vector[i]!;
  });
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
