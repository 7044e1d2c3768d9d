//! Who is asking, and what that opens.

mod caller;
mod directory;
mod door;
mod remembered;

pub use caller::{AccessError, Caller, Identity, Reader};
pub use directory::Directory;
pub use door::Access;
