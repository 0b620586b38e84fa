//! The rest of a request's body that no handler has read.
//!
//! Once its reader is dropped, the framework reads the rest of a chunked body for as long as it arrives: a client could
//! keep a connection for ever by sending its body slowly to a request that was rejected long ago. While the reader
//! still exists when the response has been sent, the connection is closed instead, after the usual moment for the other
//! side to close it. So the response owns a share of the reader.

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

/// The reader of a request's body, shared by the handler and the response. Empty for a request without a body.
#[derive(Clone)]
pub struct PendingBody(Option<Rc<RefCell<Payload>>>);

impl PendingBody {
    /// Replaces the reader of a request by a shared one.
    pub fn share(request: &mut ServiceRequest) -> Self {
        let payload = request.take_payload();
        if matches!(payload, Payload::None) {
            return Self(None);
        }
        let shared = Rc::new(RefCell::new(payload));
        request.set_payload(Payload::Stream { payload: Box::pin(Reader(Rc::clone(&shared))) });
        Self(Some(shared))
    }

    /// A response body that owns the reader until it has been sent.
    pub fn attach_to(&self, body: BoxBody) -> BoxBody {
        match &self.0 {
            None => body,
            Some(reader) => BoxBody::new(WithReader { body, _reader: Rc::clone(reader) }),
        }
    }
}

struct Reader(Rc<RefCell<Payload>>);

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

struct WithReader {
    body: BoxBody,
    _reader: Rc<RefCell<Payload>>,
}

impl MessageBody for WithReader {
    type Error = Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        self.body.as_pin_mut().poll_next(context).map_err(Error::from)
    }
}
