/// A configuration to begin with. `matricula config example` prints it; a test loads it.
pub const EXAMPLE: &str = include_str!("example.toml");
