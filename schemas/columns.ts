import { DataType, type Field, type Schema } from 'apache-arrow';

/** A column, as the emitted schemas say it to Python: a list has `item`, a struct `fields`. */
export interface Column {
  name: string;
  type: 'utf8' | 'int32' | 'int64' | 'float64' | 'bool' | 'list' | 'struct';
  nullable: boolean;
  item?: Column;
  fields?: Column[];
}

/** The columns of a table, in order. */
export function columnsOf(schema: Schema): Column[] {
  return schema.fields.map(column);
}

function column(field: Field): Column {
  const { name, type, nullable } = field;
  if (DataType.isList(type)) return { name, type: 'list', nullable, item: column(type.valueField) };
  if (DataType.isStruct(type)) return { name, type: 'struct', nullable, fields: (type.children as Field[]).map(column) };
  return { name, type: type.toString().toLowerCase() as Column['type'], nullable };
}
