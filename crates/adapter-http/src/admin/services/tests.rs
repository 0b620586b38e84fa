use super::*;

#[test]
fn the_first_service_determines_the_practices_currency() {
    let [euro, franc] = ["EUR", "CHF"].map(|code| Currency::parse(code).unwrap());
    assert_eq!(currency(None, Some(franc)).unwrap(), franc);
    assert_eq!(currency(Some(euro), None).unwrap(), euro);
    assert_eq!(currency(Some(euro), Some(euro)).unwrap(), euro);
    assert_eq!(currency(Some(euro), Some(franc)).unwrap_err().code, Code::CurrencyMismatch);
    assert_eq!(currency(None, None).unwrap_err().code, Code::Required);
}
