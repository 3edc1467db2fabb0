import { serve } from '../serve.ts';
import { calculate } from './calculate.ts';

// the first calculation needs both
calculate('1/3');
calculate('sqrt(2)');
serve(calculate);
