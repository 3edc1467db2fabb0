import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { arrowSchema, DATA_SCHEMA, LEDGER_SCHEMA, SITUATIONS_SCHEMA } from '../../schemas/arrow.ts';

const said = (schema: typeof DATA_SCHEMA) => schema.fields.map((field) => `${field.name}${field.nullable ? '?' : ''}: ${String(field.type)}`);

describe('arrowSchema', () => {
  it('holds the data columns of the contract, in order', () => {
    expect(DATA_SCHEMA.fields.map((field) => (field.nullable ? `${field.name}?` : field.name)).join(' ')).toBe(
      'situation_id situation_index task campaign split agent level parent_id? root_id branch revision revisions is_final label stance ' +
        'initial_state target_state? plan_json plan_text nodes explanation alternative_explanations critique? textbook? chapter? edits kept_share ' +
        'distance_to_previous distance_to_final log_reward? prompt_chars output_chars model',
    );
  });

  it('derives integers, floats, booleans, wide integers and nested lists of structs', () => {
    const data = said(DATA_SCHEMA);
    expect(data).toContain('situation_index: Int32');
    expect(data).toContain('log_reward?: Float64');
    expect(data).toContain('is_final: Bool');
    expect(data).toContain('label: Utf8');
    expect(data).toContain('alternative_explanations: List<Utf8>');
    expect(data.find((column) => column.startsWith('nodes'))).toBe(
      'nodes: List<Struct<{id:Utf8, kind:Utf8, level:Utf8, parent:Utf8, order:Int32, text:Utf8, success:Float64, duration_s:Float64, moral_cost:Float64}>>',
    );
    expect(said(LEDGER_SCHEMA)).toContain('nano_usd?: Int64');
    expect(said(SITUATIONS_SCHEMA).slice(-2)).toEqual(['reopened: Int32', 'selection: List<Utf8>']);
  });

  it('carries the schema version as metadata of every table', () => {
    for (const schema of [DATA_SCHEMA, SITUATIONS_SCHEMA, LEDGER_SCHEMA]) expect(schema.metadata.get('exemplar.schema_version')).toBe('1');
  });

  it('refuses a type without an Arrow form, naming the field', () => {
    expect(() => arrowSchema(z.object({ a: z.array(z.object({ when: z.date() })) }))).toThrow('a.item.when: a date has no Arrow type');
  });
});
