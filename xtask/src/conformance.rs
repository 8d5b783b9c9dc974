//! x
pub(crate) fn tests_there_are() -> anyhow::Result<Vec<String>> {
    Ok(vec![])
}
pub(crate) fn check(_: &[String]) -> anyhow::Result<()> {
    Ok(())
}
