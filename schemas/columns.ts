import { DataType, type Bool, type Field, type Float64, type Int32, type Int64, type Schema, type Utf8 } from 'apache-arrow';

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
  const { name, nullable } = field;
  const type = field.type as DataType;
  if (DataType.isList(type)) return { name, type: 'list', nullable, item: column(type.valueField) };
  if (DataType.isStruct(type)) return { name, type: 'struct', nullable, fields: type.children.map(column) };
  return { name, type: (type as Bool | Float64 | Int32 | Int64 | Utf8).toString().toLowerCase() as Column['type'], nullable };
}
