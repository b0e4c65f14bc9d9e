use super::{Context, args::BenchArgs};
pub(super) async fn run(_context: &Context, _args: BenchArgs) -> anyhow::Result<u8> {
    anyhow::bail!("not yet")
}
