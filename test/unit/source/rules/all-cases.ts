/** The examples of every rule. */
import { cases as GD101 } from './GD101.cases';
import { cases as GD102 } from './GD102.cases';
import { cases as GD103 } from './GD103.cases';
import { cases as GD104 } from './GD104.cases';
import { cases as GD105 } from './GD105.cases';
import { cases as GD106 } from './GD106.cases';
import { cases as GD107 } from './GD107.cases';
import { cases as GD108 } from './GD108.cases';
import { cases as GD201 } from './GD201.cases';
import { cases as GD202 } from './GD202.cases';
import { cases as GD203 } from './GD203.cases';
import { cases as GD204 } from './GD204.cases';
import { cases as GD301 } from './GD301.cases';
import { cases as GD302 } from './GD302.cases';
import { cases as GD303 } from './GD303.cases';
import { cases as GD401 } from './GD401.cases';
import { cases as GD402 } from './GD402.cases';
import { cases as GD403 } from './GD403.cases';
import { cases as GD404 } from './GD404.cases';
import { cases as GD405 } from './GD405.cases';
import { cases as GD406 } from './GD406.cases';
import type { RuleCases } from './cases';

export const allCases: readonly RuleCases[] = [
  GD101,
  GD102,
  GD103,
  GD104,
  GD105,
  GD106,
  GD107,
  GD108,
  GD201,
  GD202,
  GD203,
  GD204,
  GD301,
  GD302,
  GD303,
  GD401,
  GD402,
  GD403,
  GD404,
  GD405,
  GD406,
];
