use super::*;

fn print(body: &str) -> [u8; 32] {
    fingerprint(&serde_json::from_str(body).unwrap())
}

#[test]
fn equivalent_requests_have_the_same_hash() {
    let one = print(r#"{"scheduled_at":"2024-01-15T10:00:00Z","note":"caf\u00e9","service_id":1}"#);
    for same in [
        r#"{"service_id":1,"note":"café","scheduled_at":"2024-01-15T10:00:00Z"}"#,
        " {\n\"note\" : \"caf\\u00E9\",\t\"scheduled_at\":\"2024-01-15T10:00:00Z\", \"service_id\": 1 }\r\n",
        r#"{"therapist_id":null,"scheduled_at":"2024-01-15T10:00:00Z","not\u0065":"café","service_id":1}"#,
    ] {
        assert_eq!(print(same), one, "{same}");
    }
    assert_eq!(print("{}"), print(r#"{"version":null}"#));
}

#[test]
fn different_requests_have_different_hashes() {
    let bodies = [
        "{}",
        r#"{"a":"1"}"#,
        r#"{"a":1}"#,
        r#"{"a":10}"#,
        r#"{"a":true}"#,
        r#"{"a":"true"}"#,
        r#"{"a":"null"}"#,
        r#"{"b":"1"}"#,
        r#"{"a":"1","b":"1"}"#,
        r#"{"a":"1\",\"b\":\"1"}"#,
        r#"{"a":"1,"}"#,
        r#"{"a\":\"1":""}"#,
    ];
    let prints: std::collections::HashSet<_> = bodies.iter().map(|body| print(body)).collect();
    assert_eq!(prints.len(), bodies.len());
}
