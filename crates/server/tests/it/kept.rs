//! What a server keeps, looked at from behind: with SQL, or all of it.
//!
//! The tests run on both engines: on PostgreSQL where MATRICULA_TEST_ENGINE says `postgres`, otherwise on SQLite.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

#[derive(Clone)]
pub(crate) enum Kept {
    File(PathBuf),
    Schema { url: String, name: String },
}

impl Kept {
    /// A store that is empty, in a folder where it is a file.
    pub(crate) async fn nothing_yet(folder: &Path) -> Self {
        match std::env::var("MATRICULA_TEST_ENGINE").as_deref() {
            Ok("postgres") => Self::schema().await,
            Ok("sqlite") | Err(_) => Self::File(folder.join("matricula.db")),
            Ok(other) => panic!("MATRICULA_TEST_ENGINE is neither sqlite nor postgres but {other}"),
        }
    }

    /// One in PostgreSQL.
    pub(crate) async fn schema() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let database = std::env::var("MATRICULA_TEST_POSTGRES")
            .expect("there is no PostgreSQL to test with: run `cargo xtask postgres cargo test ...`");
        let name = format!("it_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        connect(&database).await.batch_execute(&format!("CREATE SCHEMA {name}")).await.unwrap();
        let url = format!("{database}?pool_size=4&options=-c%20search_path%3D{name}");
        Self::Schema { url, name }
    }

    /// As the configuration and the commands have it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite:{}", path.display()),
            Self::Schema { url, .. } => url.clone(),
        }
    }

    /// Changes rows; says how many.
    pub(crate) async fn does(&self, sql: &str) -> u64 {
        match self {
            Self::File(path) => rusqlite::Connection::open(path).unwrap().execute(sql, []).unwrap() as u64,
            Self::Schema { .. } => self.client().await.execute(sql, &[]).await.unwrap(),
        }
    }

    /// The first column of the first row, a number.
    pub(crate) async fn says(&self, sql: &str) -> i64 {
        match self {
            Self::File(path) => {
                let file = rusqlite::Connection::open(path).unwrap();
                file.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Self::Schema { .. } => self.client().await.query_one(sql, &[]).await.unwrap().get(0),
        }
    }

    /// Everything, as it is kept: the file; or all rows of all tables, with what is not text in hexadecimal.
    pub(crate) async fn everything(&self) -> Vec<u8> {
        match self {
            Self::File(path) => {
                let mut file = std::fs::read(path).unwrap();
                file.extend(std::fs::read(path.with_extension("db-wal")).unwrap_or_default());
                file
            }
            Self::Schema { name, .. } => {
                let client = self.client().await;
                let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = $1";
                let mut all = Vec::new();
                for table in client.query(tables, &[name]).await.unwrap() {
                    let table: String = table.get(0);
                    all.extend(rows(&client, &format!("SELECT one::text FROM {table} AS one")).await);
                }
                all
            }
        }
    }

    /// The rows of a table, as text.
    pub(crate) async fn rows_of(&self, table: &str) -> String {
        match self {
            Self::File(path) => {
                let file = rusqlite::Connection::open(path).unwrap();
                let mut statement = file.prepare(&format!("SELECT * FROM {table}")).unwrap();
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    (0..columns)
                        .map(|column| row.get(column))
                        .collect::<Result<Vec<rusqlite::types::Value>, _>>()
                });
                format!("{:?}", rows.unwrap().collect::<Result<Vec<_>, _>>().unwrap())
            }
            Self::Schema { .. } => {
                let all = rows(&self.client().await, &format!("SELECT one::text FROM {table} AS one")).await;
                String::from_utf8(all).unwrap()
            }
        }
    }

    async fn client(&self) -> Client {
        let Self::Schema { url, .. } = self else { panic!("this is a file") };
        connect(&url.replace("pool_size=4&", "")).await
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn rows(client: &Client, sql: &str) -> Vec<u8> {
    let messages = client.simple_query(sql).await.unwrap();
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    rows.flat_map(str::bytes).collect()
}
