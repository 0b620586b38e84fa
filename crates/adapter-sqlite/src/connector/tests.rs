use super::is_new_enough;

#[test]
fn versions_are_compared_as_numbers() {
    for good in ["3.51.3", "3.51.10", "3.53.2", "3.100.0", "4.0.0"] {
        assert!(is_new_enough(good), "{good}");
    }
    for bad in ["3.51.2", "3.40.1", "3.9.99", "3.51", "2.99.99", "", "unknown"] {
        assert!(!is_new_enough(bad), "{bad}");
    }
}
