//! The database that is moved to.

use deadpool_postgres::GenericClient;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::super::values::{Failure, corrupt, get};
use super::digest::Value;
use super::tables::{Column, Kind, Table};

/// Columns of PostgreSQL, as lists for `unnest`.
type List = Box<dyn ToSql + Sync + Send>;

/// Whether a table has any row.
pub(super) async fn is_empty(client: &impl GenericClient, table: &Table) -> Result<bool, Failure> {
    let sql = format!("SELECT NOT EXISTS (SELECT 1 FROM {})", table.name);
    get(&client.query_one(&sql, &[]).await?, 0)
}

/// The largest key that is there.
pub(super) async fn last_key(
    client: &impl GenericClient,
    table: &Table,
) -> Result<Option<Vec<Value>>, Failure> {
    let key = table.columns.get(..table.key).unwrap_or_default();
    let order: Vec<String> = key.iter().map(|column| format!("{} DESC", ordered(column))).collect();
    let columns: Vec<String> = key.iter().map(selected).collect();
    let sql =
        format!("SELECT {} FROM {} ORDER BY {} LIMIT 1", columns.join(", "), table.name, order.join(", "));
    let row = client.query_opt(&sql, &[]).await?;
    row.map(|row| read(&row, key)).transpose()
}

/// The next rows behind a key, in the order of their keys.
pub(super) async fn rows(
    client: &impl GenericClient,
    table: &Table,
    behind: Option<&[Value]>,
    at_most: usize,
) -> Result<Vec<Vec<Value>>, Failure> {
    let key = table.columns.get(..table.key).unwrap_or_default();
    let order: Vec<String> = key.iter().map(ordered).collect();
    let columns: Vec<String> = table.columns.iter().map(selected).collect();
    let places: Vec<String> = (1..=table.key).map(|place| format!("${place}")).collect();
    let condition = match behind {
        Some(_) => format!("WHERE ({}) > ({})", order.join(", "), places.join(", ")),
        None => String::new(),
    };
    let sql = format!(
        "SELECT {} FROM {} {condition} ORDER BY {} LIMIT {at_most}",
        columns.join(", "),
        table.name,
        order.join(", ")
    );
    let mut parameters: Vec<List> = Vec::new();
    for (value, column) in behind.unwrap_or_default().iter().zip(key) {
        parameters.push(single(value, column)?);
    }
    let parameters: Vec<&(dyn ToSql + Sync)> =
        parameters.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect();
    client.query(&sql, &parameters).await?.iter().map(|row| read(row, table.columns)).collect()
}

/// Inserts rows, all or none.
pub(super) async fn insert(
    client: &impl GenericClient,
    table: &Table,
    rows: &[Vec<Value>],
) -> Result<(), Failure> {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let lists: Vec<String> = (1..)
        .zip(table.columns)
        .map(|(place, column)| format!("${place}::{}[]", type_of(column.kind)))
        .collect();
    let sql = format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({})",
        table.name,
        names.join(", "),
        lists.join(", ")
    );
    let mut parameters: Vec<List> = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        let values = rows.iter().map(|row| row.get(place).unwrap_or(&Value::Nothing));
        parameters.push(list(values, column)?);
    }
    let parameters: Vec<&(dyn ToSql + Sync)> =
        parameters.iter().map(|list| list.as_ref() as &(dyn ToSql + Sync)).collect();
    client.execute(&sql, &parameters).await?;
    Ok(())
}

/// Text is ordered as SQLite does: by its bytes.
fn ordered(column: &Column) -> String {
    match column.kind {
        Kind::Text => format!("{} COLLATE \"C\"", column.name),
        _ => column.name.to_owned(),
    }
}

fn selected(column: &Column) -> String {
    match column.kind {
        Kind::Number => format!("{}::bigint", column.name),
        Kind::Flag => format!("{}::integer::bigint", column.name),
        _ => column.name.to_owned(),
    }
}

const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "integer",
        Kind::Long => "bigint",
        Kind::Id => "uuid",
        Kind::Bytes | Kind::TextAsBytes => "bytea",
        Kind::Text => "text",
        Kind::Flag => "boolean",
    }
}

fn read(row: &tokio_postgres::Row, columns: &[Column]) -> Result<Vec<Value>, Failure> {
    let one = |(place, column): (usize, &Column)| {
        Ok(match column.kind {
            Kind::Number | Kind::Long | Kind::Flag => {
                get::<Option<i64>>(row, place)?.map_or(Value::Nothing, Value::Number)
            }
            Kind::Id => get::<Option<Uuid>>(row, place)?
                .map_or(Value::Nothing, |id| Value::Bytes(id.into_bytes().to_vec())),
            Kind::Bytes | Kind::TextAsBytes => {
                get::<Option<Vec<u8>>>(row, place)?.map_or(Value::Nothing, Value::Bytes)
            }
            Kind::Text => get::<Option<String>>(row, place)?.map_or(Value::Nothing, Value::Text),
        })
    };
    columns.iter().enumerate().map(one).collect()
}

fn number(value: &Value) -> Result<Option<i64>, Failure> {
    match value {
        Value::Nothing => Ok(None),
        Value::Number(number) => Ok(Some(*number)),
        Value::Bytes(_) | Value::Text(_) => Err(corrupt("a number is none")),
    }
}

fn small(value: &Value) -> Result<Option<i32>, Failure> {
    number(value)?.map(i32::try_from).transpose().map_err(corrupt)
}

fn bytes(value: &Value) -> Result<Option<Vec<u8>>, Failure> {
    match value {
        Value::Nothing => Ok(None),
        Value::Bytes(bytes) => Ok(Some(bytes.clone())),
        Value::Number(_) | Value::Text(_) => Err(corrupt("bytes are none")),
    }
}

fn id(value: &Value) -> Result<Option<Uuid>, Failure> {
    bytes(value)?.map(|bytes| Uuid::from_slice(&bytes)).transpose().map_err(corrupt)
}

fn text(value: &Value) -> Result<Option<String>, Failure> {
    match value {
        Value::Nothing => Ok(None),
        Value::Text(text) => Ok(Some(text.clone())),
        Value::Number(_) | Value::Bytes(_) => Err(corrupt("a text is none")),
    }
}

fn flag(value: &Value) -> Result<Option<bool>, Failure> {
    Ok(number(value)?.map(|number| number != 0))
}

fn list<'v>(values: impl Iterator<Item = &'v Value>, column: &Column) -> Result<List, Failure> {
    Ok(match column.kind {
        Kind::Number => Box::new(values.map(small).collect::<Result<Vec<_>, _>>()?),
        Kind::Long => Box::new(values.map(number).collect::<Result<Vec<_>, _>>()?),
        Kind::Id => Box::new(values.map(id).collect::<Result<Vec<_>, _>>()?),
        Kind::Bytes | Kind::TextAsBytes => Box::new(values.map(bytes).collect::<Result<Vec<_>, _>>()?),
        Kind::Text => Box::new(values.map(text).collect::<Result<Vec<_>, _>>()?),
        Kind::Flag => Box::new(values.map(flag).collect::<Result<Vec<_>, _>>()?),
    })
}

fn single(value: &Value, column: &Column) -> Result<List, Failure> {
    Ok(match column.kind {
        Kind::Number => Box::new(small(value)?),
        Kind::Long => Box::new(number(value)?),
        Kind::Id => Box::new(id(value)?),
        Kind::Bytes | Kind::TextAsBytes => Box::new(bytes(value)?),
        Kind::Text => Box::new(text(value)?),
        Kind::Flag => Box::new(flag(value)?),
    })
}
