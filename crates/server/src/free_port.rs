//! A port for a server that is to be found again under it.

use std::io::{Error, ErrorKind};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Where ports are looked for: below those that Linux gives to connections that go out (from 32768 on). One of those may
/// be taken by any connection while a server is away for a moment.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A port of this machine that was free a moment ago, another one at each call.
///
/// # Errors
/// None is free, or none may be listened on.
pub fn free_port() -> std::io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes that look at the same time begin apart.
    let begin = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or_default();
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (begin.wrapping_add(step)) % COUNT;
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_free) => return Ok(port),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(ErrorKind::AddrInUse, "no port is free"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_another_one_each_time_and_none_of_those_that_go_out() {
        let (one, other) = (free_port().unwrap(), free_port().unwrap());
        assert_ne!(one, other);
        assert!([one, other].iter().all(|port| (FIRST..32_768).contains(port)), "{one} {other}");
        let held = TcpListener::bind(("127.0.0.1", other)).unwrap();
        let next: Vec<u16> = (0..20).map(|_| free_port().unwrap()).collect();
        assert!(!next.contains(&held.local_addr().unwrap().port()));
    }
}
