use std::collections::BTreeSet;

use crate::booking::BookingStatus;
use crate::meeting::{Affiliation, AttendanceEventKind, Feature, MeetingRole, ParticipantRole};
use crate::notification::NotificationState;
use crate::payment::{LedgerKind, PaymentState, PaymentStatus, RefundStage};
use crate::user::Role;

macro_rules! assert_names_round_trip {
    ($($enum:ty, refuses $unknown:expr;)+) => {$(
        for value in <$enum>::ALL {
            assert_eq!(<$enum>::parse(value.as_str()), Some(value));
            assert_eq!(value.as_str().parse(), Ok(value));
            assert_eq!(value.to_string(), value.as_str());
        }
        let names: BTreeSet<&str> = <$enum>::ALL.iter().map(|value| value.as_str()).collect();
        assert_eq!(names.len(), <$enum>::ALL.len(), "the names are unique");
        for unknown in $unknown {
            assert_eq!(<$enum>::parse(unknown), None, "{unknown:?}");
            assert!(unknown.parse::<$enum>().is_err(), "{unknown:?}");
        }
    )+};
}

#[test]
fn names_round_trip() {
    assert_names_round_trip! {
        Affiliation, refuses [""];
        AttendanceEventKind, refuses ["", "Joined", "occupant-joined", "joined "];
        BookingStatus, refuses ["", "pending", "Scheduled", "canceled", " scheduled"];
        Feature, refuses ["", "lobbying"];
        LedgerKind, refuses [""];
        MeetingRole, refuses ["", "owner"];
        NotificationState, refuses ["", "Sent"];
        ParticipantRole, refuses ["", "moderator"];
        PaymentState, refuses ["", "paid"];
        PaymentStatus, refuses ["", "paid"];
        RefundStage, refuses ["", "QUEUED"];
        Role, refuses ["", "therapist"];
    }
}
