//! What runs beside the calls, on every instance.

mod reaper;
mod touches;
mod watcher;

pub(crate) use reaper::Reaper;
pub(crate) use touches::Touches;
pub(crate) use watcher::Watcher;
