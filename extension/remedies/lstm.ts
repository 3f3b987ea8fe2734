import { recurrentCell } from './recurrent-cell';

/** Long short-term memory in the place of a vanilla RNN (Hochreiter and Schmidhuber, 1997). */
export const lstm = recurrentCell('LSTM');
