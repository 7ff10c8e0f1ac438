//! How long and how often a request is tried.

use std::time::Duration;

/// How long a connection may take, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long one try may take, connecting and reading the whole answer included.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most tries of one request, the first included.
pub const MAX_TRIES: u32 = 4;
