use actix_web::body::{MessageBody, to_bytes};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, IF_NONE_MATCH};
use actix_web::test::TestRequest;
use flate2::read::GzDecoder;
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::sliced_body::SLICE;

fn document() -> Document {
    Document::new(HeaderValue::from_static("text/plain"), "teapots ".repeat(10_000).into())
}

fn respond(document: &Document, headers: &[(HeaderName, &str)]) -> HttpResponse {
    let request = headers.iter().fold(TestRequest::get(), |request, header| request.append_header(header.clone()));
    document.respond(&request.to_http_request(), "no-cache")
}

fn header(response: &HttpResponse, name: HeaderName) -> Option<&str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

#[actix_web::test]
async fn a_document_is_compressed_for_clients_that_accept_it() {
    let document = document();
    for accepted in ["gzip", "br, GZIP;q=0.5", "*", "deflate, *;q=0.1"] {
        let response = respond(&document, &[(ACCEPT_ENCODING, accepted)]);
        assert_eq!(header(&response, CONTENT_ENCODING), Some("gzip"), "{accepted}");
        assert_eq!(header(&response, VARY), Some("Accept-Encoding"));
        let bytes = to_bytes(response.into_body()).await.unwrap();
        let mut text = String::new();
        GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "teapots ".repeat(10_000));
    }
    for refused in ["", "br", "identity", "gzip;q=0", "gzip; q=0.0, *", "*;q=0"] {
        let response = respond(&document, &[(ACCEPT_ENCODING, refused)]);
        assert_eq!(header(&response, CONTENT_ENCODING), None, "{refused}");
        assert_eq!(to_bytes(response.into_body()).await.unwrap(), "teapots ".repeat(10_000));
    }
}

#[actix_web::test]
async fn what_does_not_become_smaller_is_sent_as_it_is() {
    let document = Document::new(HeaderValue::from_static("text/plain"), Bytes::from_static(b"tea"));
    assert_eq!(header(&respond(&document, &[(ACCEPT_ENCODING, "gzip")]), CONTENT_ENCODING), None);
}

#[actix_web::test]
async fn a_client_that_has_the_document_is_told_so() {
    let document = document();
    for encoding in ["gzip", "identity"] {
        let response = respond(&document, &[(ACCEPT_ENCODING, encoding)]);
        let tag = header(&response, ETAG).unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
            let response = respond(&document, &[(ACCEPT_ENCODING, encoding), (IF_NONE_MATCH, &known)]);
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(header(&response, ETAG), Some(tag.as_str()));
            assert!(to_bytes(response.into_body()).await.unwrap().is_empty());
        }
        let other = Document::new(HeaderValue::from_static("text/plain"), "coffee ".repeat(10_000).into());
        let response = respond(&other, &[(ACCEPT_ENCODING, encoding), (IF_NONE_MATCH, &tag)]);
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[actix_web::test]
async fn each_form_has_a_tag_of_its_own() {
    let document = document();
    let tag = |encoding| header(&respond(&document, &[(ACCEPT_ENCODING, encoding)]), ETAG).unwrap().to_owned();
    assert_ne!(tag("gzip"), tag("identity"));
}

#[actix_web::test]
async fn responses_share_the_document_and_are_sent_in_slices() {
    let document = document();
    let mut bodies = [(); 2].map(|()| respond(&document, &[]).into_body());
    let mut context = Context::from_waker(Waker::noop());
    let [first, second] = bodies.each_mut().map(|body| match Pin::new(body).poll_next(&mut context) {
        Poll::Ready(Some(Ok(bytes))) => bytes,
        Poll::Ready(_) | Poll::Pending => panic!("no slice"),
    });
    assert_eq!(first.len(), SLICE);
    assert_eq!(first.as_ptr(), second.as_ptr(), "not copied");
}

#[actix_web::test]
async fn other_large_bodies_are_sliced() {
    for (length, first) in [(16 * 1024, 16 * 1024), (16 * 1024 + 1, SLICE)] {
        let mut body = SlicedBody::of_large(BoxBody::new("x".repeat(length)));
        assert_eq!(body.size(), actix_web::body::BodySize::Sized(length as u64));
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(Some(Ok(slice))) = Pin::new(&mut body).poll_next(&mut context) else { panic!("no slice") };
        assert_eq!(slice.len(), first);
    }
}
