import { defineSearchAttributeKey } from '@temporalio/common';

/** Custom search attributes, registered at start; never plan text: visibility stores them in the clear. */
export const SEARCH = {
  campaign: defineSearchAttributeKey('ExemplarCampaign', 'KEYWORD'),
  outcome: defineSearchAttributeKey('ExemplarOutcome', 'KEYWORD'),
  rounds: defineSearchAttributeKey('ExemplarRounds', 'INT'),
  cost: defineSearchAttributeKey('ExemplarCost', 'DOUBLE'),
  level: defineSearchAttributeKey('ExemplarLevel', 'KEYWORD'),
};
