mod bytes;
mod modes;
mod properties;

use super::{Dti, Template};

/// A template as the tables of section A.10.2 show it.
fn template(
    spatial: u8,
    temporal: u8,
    frame_diffs: &[u16],
    chain_diffs: &[u8],
    dtis: &str,
) -> Template {
    let dti = |symbol| match symbol {
        '-' => Dti::NotPresent,
        'D' => Dti::Discardable,
        'S' => Dti::Switch,
        'R' => Dti::Required,
        _ => panic!("{symbol} is no indication"),
    };
    Template {
        spatial,
        temporal,
        dtis: dtis.chars().map(dti).collect(),
        frame_diffs: frame_diffs.to_vec(),
        chain_diffs: chain_diffs.to_vec(),
    }
}
