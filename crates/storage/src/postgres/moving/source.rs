//! The file that is moved from.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, ToSql};

use super::digest::Value;
use super::tables::{Kind, Table};

/// How many rows a table has.
pub(super) fn count(connection: &Connection, table: &Table) -> rusqlite::Result<u64> {
    let count: i64 =
        connection.query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// The next rows behind a key, in the order of their keys; from the first where there is none.
pub(super) fn rows(
    connection: &Connection,
    table: &Table,
    behind: Option<&[Value]>,
    at_most: usize,
) -> rusqlite::Result<Vec<Vec<Value>>> {
    let columns: Vec<String> =
        table.columns.iter().map(|column| format!("\"{}\"", column.in_sqlite())).collect();
    let key = columns.get(..table.key).unwrap_or_default().join(", ");
    let condition = match behind {
        Some(_) => format!("WHERE ({key}) > ({})", vec!["?"; table.key].join(", ")),
        None => String::new(),
    };
    let sql = format!(
        "SELECT {} FROM {} {condition} ORDER BY {key} LIMIT {at_most}",
        columns.join(", "),
        table.name
    );
    let parameters = behind.unwrap_or_default();
    let parameters: Vec<&dyn ToSql> = parameters.iter().map(|value| value as &dyn ToSql).collect();
    connection.prepare_cached(&sql)?.query_map(parameters.as_slice(), |row| read(row, table))?.collect()
}

fn read(row: &Row<'_>, table: &Table) -> rusqlite::Result<Vec<Value>> {
    let one = |(place, kind): (usize, Kind)| {
        Ok(match (row.get_ref(place)?, kind) {
            (ValueRef::Null, _) => Value::Nothing,
            (ValueRef::Integer(number), _) => Value::Number(number),
            (ValueRef::Blob(bytes), _) => Value::Bytes(bytes.to_vec()),
            (ValueRef::Text(text), Kind::TextAsBytes) => Value::Bytes(text.to_vec()),
            (ValueRef::Text(_), _) => Value::Text(row.get(place)?),
            (ValueRef::Real(_), _) => return Err(rusqlite::Error::InvalidQuery),
        })
    };
    table.columns.iter().enumerate().map(|(place, column)| one((place, column.kind))).collect()
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Self::Nothing => rusqlite::types::Null.to_sql().map(|_| rusqlite::types::Null.into()),
            Self::Number(number) => number.to_sql(),
            Self::Bytes(bytes) => bytes.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}
