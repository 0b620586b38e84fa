//! The IDs in the paths of operations.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{KnownFormat, ObjectBuilder, Required, SchemaFormat, Type};

#[derive(Clone, Copy)]
pub(super) struct PathId {
    /// What the path contains.
    segment: &'static str,
    pub(super) description: &'static str,
    example: i64,
}

const IDS: &[PathId] = &[
    PathId { segment: "/bookings/{id}", description: "Booking ID", example: 42 },
    PathId { segment: "/meetings/{id}", description: "Booking ID", example: 42 },
    PathId { segment: "/users/{id}", description: "User ID", example: 7 },
    PathId { segment: "/sessions/{id}", description: "Login session ID", example: 17 },
    PathId { segment: "/series/{id}", description: "Series ID", example: 42 },
    PathId { segment: "/notifications/{id}", description: "Notification ID", example: 3 },
    PathId { segment: "/services/{id}", description: "Service ID", example: 1 },
    PathId { segment: "/time-off/{id}", description: "Schedule exception ID", example: 5 },
    PathId { segment: "/problems/{id}", description: "Payment problem ID", example: 2 },
    PathId { segment: "/participants/{participant_id}", description: "Invitation ID", example: 3 },
];

pub(super) fn ids_in(path: &str) -> impl Iterator<Item = &'static PathId> {
    IDS.iter().filter(move |id| path.contains(id.segment))
}

impl PathId {
    pub(super) fn parameter(&self) -> Parameter {
        let name = self.segment.split(['{', '}']).nth(1).unwrap_or_default();
        let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
        let schema = ObjectBuilder::new().schema_type(Type::Integer).format(Some(format)).minimum(Some(1));
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(self.description))
            .schema(Some(schema))
            .example(Some(self.example.into()))
            .build()
    }
}
