import type { ViewName } from '../../../schemas/exports.ts';
import { preference } from './preference.ts';
import { ranking } from './ranking.ts';
import { sft } from './sft.ts';
import { stepwise } from './stepwise.ts';
import { unpaired } from './unpaired.ts';
import type { View } from './view.ts';

export const VIEW: Record<ViewName, View> = { preference, unpaired, stepwise, ranking, sft };
