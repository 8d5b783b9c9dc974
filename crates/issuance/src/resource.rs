//! Resource indicators (RFC 8707), wherever a request may have them.

use protocol::description::quoted;

use crate::world::World;

/// A resource that is none of this profile's, or no resource at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidTarget(String);

/// RFC 8707 §2: whatever is asked for, a resource that is named is one that is there.
pub(crate) fn check(indicators: &[String], world: &World<'_>) -> Result<(), InvalidTarget> {
    let resource = &world.profile.resource.identifier;
    for indicator in indicators {
        match resource.is_meant_by(indicator) {
            Ok(true) => {}
            Ok(false) => {
                return Err(InvalidTarget(format!("{} is no resource of this server", quoted(indicator))));
            }
            Err(error) => return Err(InvalidTarget(error.to_string())),
        }
    }
    Ok(())
}
