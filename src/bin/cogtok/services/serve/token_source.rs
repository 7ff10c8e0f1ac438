//! The source of tokens: a thread that may wait for them.

use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::token::Token;
use tokio::sync::oneshot;

/// A question for a token.
#[derive(Debug)]
pub struct Ask {
    /// The token that the server has just refused with 401, where it is that.
    pub refused: Option<Secret>,
    /// The channel for the answer; `None` if there is no token other than the refused one.
    pub answer: oneshot::Sender<Result<Option<Token>>>,
}

/// The channel to the thread that has the tokens.
pub struct TokenSource(pub std::sync::mpsc::Sender<Ask>);

impl TokenSource {
    /// A valid token; or one other than the refused one, `None` without one.
    pub async fn token(&self, refused: Option<Secret>) -> Result<Option<Token>> {
        let gone = || Error::new(Kind::Failure, "cogtok is stopping");
        let (answer, answered) = oneshot::channel();
        self.0.send(Ask { refused, answer }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}
