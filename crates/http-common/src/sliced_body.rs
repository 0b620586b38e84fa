//! Bodies that are sent in small slices.
//!
//! The framework copies each part of a body into the connection's buffer before it is sent. In slices, a large body takes
//! no more memory per connection than one of them, however slowly it is read; what is not copied yet stays shared.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

/// The size of a slice in bytes. With the head of a response, it fits into a buffer of eight kilobytes.
pub const SLICE: usize = 7 * 1024;

/// Ordinary responses are smaller and are sent at once.
const LARGE: usize = 16 * 1024;

/// A body in slices.
pub(crate) struct SlicedBody(Bytes);

impl SlicedBody {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Slices a body if it is large and complete.
    pub(crate) fn of_large(body: BoxBody) -> BoxBody {
        match body.size() {
            BodySize::Sized(length) if length > LARGE as u64 => match body.try_into_bytes() {
                Ok(bytes) => BoxBody::new(Self(bytes)),
                Err(body) => body,
            },
            BodySize::Sized(_) | BodySize::None | BodySize::Stream => body,
        }
    }
}

impl MessageBody for SlicedBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.0.len().min(SLICE);
        Poll::Ready(Some(Ok(self.0.split_to(length))))
    }
}
