/** Response header by which the simulated model declares itself; its value is the hash of its law. Nothing else may label a run simulated. */
export const SIMULATED_HEADER = 'x-exemplar-simulated';
