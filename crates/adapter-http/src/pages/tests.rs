use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::*;

#[test]
fn the_policy_allows_exactly_the_style_sheet() {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    assert!(POLICY.contains(&format!("style-src 'sha256-{hash}';")), "the policy needs the hash {hash}");
}

#[actix_web::test]
async fn what_people_typed_stays_text() {
    let page = Page::new("Dr. <b> & \"Sons'", "Title", "<script>").facts(&[("<i>", "a&b")]).button("Pay >");
    let response = page.respond(StatusCode::OK);
    let html = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    let html = std::str::from_utf8(&html).unwrap();
    for wanted in ["Dr. &lt;b&gt; &amp; &quot;Sons&#39;", "<p>&lt;script&gt;</p>", "<dt>&lt;i&gt;</dt><dd>a&amp;b</dd>"]
    {
        assert!(html.contains(wanted), "{wanted} is not in {html}");
    }
    assert!(!html.contains("<script") && !html.contains("<b>") && !html.contains("http"));
}
