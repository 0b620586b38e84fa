//! What becomes of a request's body that nobody read to its end.
//!
//! The framework reads a chunked body away once its reader is dropped, for as long as the sender likes: a client could
//! keep a connection for ever by sending its body slowly to a request that was refused long ago. While the reader still
//! lives when the response has gone out, the connection is closed instead, after the usual moment for the other side to
//! hang up. So the response takes the reader along.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::Stream;

/// The reader of a request's body, shared by the handler and the response. `None` for a request without a body.
#[derive(Clone)]
pub(super) struct Unread(Option<Rc<RefCell<Payload>>>);

impl Unread {
    /// Takes the reader of a request and leaves it a shared one.
    pub(super) fn share(request: &mut ServiceRequest) -> Self {
        let payload = request.take_payload();
        if matches!(payload, Payload::None) {
            return Self(None);
        }
        let shared = Rc::new(RefCell::new(payload));
        request.set_payload(Payload::Stream { payload: Box::pin(Reader(Rc::clone(&shared))) });
        Self(Some(shared))
    }

    /// A response's body that takes the reader along.
    pub(super) fn behind(&self, body: BoxBody) -> BoxBody {
        match &self.0 {
            None => body,
            Some(reader) => BoxBody::new(Behind { body, _reader: Rc::clone(reader) }),
        }
    }
}

/// The handler's share.
struct Reader(Rc<RefCell<Payload>>);

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// The response's share.
struct Behind {
    body: BoxBody,
    _reader: Rc<RefCell<Payload>>,
}

impl MessageBody for Behind {
    type Error = Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        self.body.as_pin_mut().poll_next(context).map_err(Error::from)
    }
}
