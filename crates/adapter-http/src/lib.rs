//! The HTTP interface of Attune, on actix-web
