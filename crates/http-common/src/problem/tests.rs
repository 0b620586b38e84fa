use std::collections::HashSet;

use super::*;

#[test]
fn codes_are_unique_and_have_valid_statuses() {
    let mut seen = HashSet::new();
    for code in Code::ALL {
        let row = code.row();
        assert!(seen.insert(row.code), "{} occurs twice", row.code);
        assert!(row.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", row.code);
        assert!((400..=599).contains(&row.status), "{}", row.code);
        assert_eq!(code.status().as_u16(), row.status);
        assert!(row.detail.ends_with('.') && !row.title.ends_with('.'), "{}", row.code);
    }
}

#[test]
fn every_retryable_problem_has_a_delay() {
    for code in Code::ALL {
        let problem = Problem::from(*code);
        assert_eq!(problem.retry_after.is_some(), matches!(code.row().status, 429 | 503), "{}", code.as_str());
    }
    assert_eq!(Problem::after(Code::Overloaded, 0).retry_after, Some(1));
}

#[test]
fn only_requests_with_a_token_learn_that_it_is_invalid() {
    for code in Code::ALL {
        let showed = matches!(code, Code::InvalidToken | Code::TokenExpired | Code::InvalidRefreshToken);
        let wanted = match (showed, code.row().status) {
            (true, _) => Some(r#"Bearer error="invalid_token""#),
            (false, 401) => Some("Bearer"),
            (false, _) => None,
        };
        assert_eq!(code.challenge(), wanted, "{}", code.as_str());
    }
}

#[test]
fn a_problem_has_the_common_code_of_its_fields() {
    let required = |field: &str| FieldError::new(field, Code::Required);
    assert_eq!(Problem::invalid(vec![required("a"), required("b")]).code, Code::Required);
    assert_eq!(Problem::invalid(vec![required("a"), FieldError::new("b", Code::TooLong)]).code, Code::ValidationFailed);
    assert_eq!(Problem::invalid(Vec::new()).code, Code::ValidationFailed);
}

#[test]
fn causes_are_not_sent_to_clients() {
    let error = StoreError::Failed("password=hunter2 at /var/lib".into());
    let problem = Problem::from(error);
    let body = serde_json::to_string(&problem.body("id")).unwrap();
    assert!(!body.contains("hunter2") && !body.contains("/var/lib"), "{body}");
    assert_eq!(problem.code, Code::Internal);
}

#[test]
fn the_guide_lists_every_code() {
    let guide = include_str!("../../../../docs/API.md");
    for code in Code::ALL {
        let Row { status, code, detail, .. } = code.row();
        let line = format!("| {status} | `{code}` | {detail} |");
        assert!(guide.lines().any(|found| found == line), "docs/API.md lacks the line\n{line}");
    }
}
