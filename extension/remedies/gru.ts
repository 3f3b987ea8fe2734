import { recurrentCell } from './recurrent-cell';

/** Gated recurrent units in the place of a vanilla RNN (Cho et al., 2014). */
export const gru = recurrentCell('GRU');
