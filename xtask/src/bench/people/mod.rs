//! What people and their clients ask: signing in, silent authorizations, refreshes.

mod browser;
mod passwords;
mod walks;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;

use self::walks::{Authorizing, Family, Refreshing, SigningIn};
use self::world::{FAMILIES_EACH, PEOPLE, Person};
use super::load::Load;
use super::server::{Ceiling, Matricula};
use super::{Bench, CONNECTIONS, heading};
use crate::postgres::Cluster;

const SIGN_INS: &str = "sign-ins, with code and tokens";
const AUTHORIZATIONS: &str = "authorizations of a session";
const REFRESHES: &str = "refreshes";

/// Those who sign in at once. More would only wait: two cores verify two passwords at a time.
const SIGNING_IN: u32 = 16;

impl Bench {
    /// Measures with people in the store, in a server of their own.
    pub(super) fn people(&self, cluster: Option<&Cluster>) -> anyhow::Result<()> {
        if ![SIGN_INS, AUTHORIZATIONS, REFRESHES].iter().any(|name| self.wants(name)) {
            return Ok(());
        }
        let folder = tempfile::tempdir()?;
        let matricula = Matricula::start(folder.path(), world::PROFILES, cluster)?;
        let people = world::populate(folder.path(), &matricula)?;
        let families = (PEOPLE * FAMILIES_EACH).to_string();
        let ceiling = match cluster {
            Some(cluster) => Ceiling::start("postgres", &[cluster.url().as_ref(), families.as_ref()])?,
            None => Ceiling::start("people", &[folder.path().as_os_str(), families.as_ref()])?,
        };
        let (server, bare) = (matricula.address(), ceiling.address());

        heading();
        if self.wants(SIGN_INS) {
            let walks = people.iter().take(SIGNING_IN as usize).map(signing_in).collect();
            let mut load = Load::new(server, walks);
            self.measure(
                (SIGN_INS, "argon2id and nothing else, on as many threads"),
                SIGNING_IN,
                || passwords::hash(self.seconds),
                || load.run(self.seconds),
            )?;
        }
        for connections in CONNECTIONS {
            // What a code costs in PostgreSQL has no ceiling of its own.
            if self.wants(AUTHORIZATIONS) && cluster.is_none() {
                let (mut load, mut bare) =
                    (authorizing(&people, server, connections), authorizing(&people, bare, connections));
                self.measure(
                    (AUTHORIZATIONS, "the row of the code, durable"),
                    connections,
                    || bare.run(self.seconds),
                    || load.run(self.seconds),
                )?;
            }
        }
        if self.wants(REFRESHES) {
            let mut families: Vec<Family> = people.into_iter().flat_map(|person| person.families).collect();
            for connections in CONNECTIONS {
                let mut bare = Load::new(bare, refreshing(families.clone(), connections));
                let mut load = Load::new(server, refreshing(families, connections));
                self.measure(
                    (REFRESHES, "the signature and the new row, durable"),
                    connections,
                    || bare.run(self.seconds),
                    || load.run(self.seconds),
                )?;
                families = load.into_walks().into_iter().flat_map(|walk| walk.families).collect();
            }
        }
        println!("\nRSS at its highest, with people: {:.1} MB\n", matricula.memory("VmHWM")?);
        Ok(())
    }
}

fn signing_in(person: &Person) -> SigningIn {
    SigningIn { name: person.name.clone(), client: person.client.clone() }
}

fn authorizing(people: &[Person], to: SocketAddr, connections: u32) -> Load<Authorizing> {
    let request = |person: &Person| person.client.authorization(world::SCOPE, &person.cookies);
    let requests: Arc<Vec<String>> = Arc::new(people.iter().map(request).collect());
    let walk = |first| Authorizing { requests: Arc::clone(&requests), next: first };
    Load::new(to, (0..connections as usize).map(walk).collect())
}

/// Each connection has families of its own, next to each other in none of the tables.
fn refreshing(mut families: Vec<Family>, connections: u32) -> Vec<Refreshing> {
    let each = families.len() / connections as usize;
    let mut own = || families.split_off(families.len().saturating_sub(each));
    (0..connections).map(|_| Refreshing { families: own(), next: 0 }).collect()
}
