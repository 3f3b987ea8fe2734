/** JSON as the contract has it: numbers that JSON cannot write are the strings "NaN", "Infinity" and "-Infinity". */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) => (typeof one === 'number' && !Number.isFinite(one) ? String(one) : one));
