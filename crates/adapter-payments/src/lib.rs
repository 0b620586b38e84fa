#![doc = include_str!("../README.md")]

use async_trait::async_trait;
use attune_domain::Money;
use attune_ports::{Checkout, CheckoutRequest, PaymentError, PaymentGateway, PaymentTerms, PriceError, Provider};
use jiff::SignedDuration;
use url::Url;

/// A payment provider inside this service.
///
/// It is stateless: the checkout depends on the request only, so a repeated request opens the same checkout.
#[derive(Debug, Clone)]
pub struct LocalGateway(Kind);

#[derive(Debug, Clone)]
enum Kind {
    None,
    Offline { hold: SignedDuration },
    Test { hold: SignedDuration, public_base_url: Url },
}

impl LocalGateway {
    /// No payment is ever due.
    pub fn none() -> Self {
        Self(Kind::None)
    }

    /// The practice collects payments itself. `hold` is how long an unpaid booking holds its slot: days rather than minutes.
    pub fn offline(hold: SignedDuration) -> Self {
        Self(Kind::Offline { hold })
    }

    /// A checkout page of our own at `{public_base_url}/test-checkout/{reference}`. No money moves.
    ///
    /// `public_base_url` is the URL of this service as browsers see it, and may have a path. Its query and fragment are
    /// ignored.
    pub fn test(hold: SignedDuration, public_base_url: Url) -> Self {
        Self(Kind::Test { hold, public_base_url })
    }
}

#[async_trait]
impl PaymentGateway for LocalGateway {
    fn provider(&self) -> Provider {
        match self.0 {
            Kind::None => Provider::None,
            Kind::Offline { .. } => Provider::Offline,
            Kind::Test { .. } => Provider::Test,
        }
    }

    fn terms(&self) -> PaymentTerms {
        match self.0 {
            Kind::None => PaymentTerms::NothingDue,
            Kind::Offline { hold } | Kind::Test { hold, .. } => PaymentTerms::Due { hold },
        }
    }

    /// No bank is involved, so every price can be paid.
    fn check_price(&self, _: Money) -> Result<(), PriceError> {
        Ok(())
    }

    async fn open_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentError> {
        match &self.0 {
            Kind::None => Err(PaymentError::Refused("no payment is due with this provider".into())),
            Kind::Offline { .. } => {
                let reference = format!("offline-{}-{}", request.booking, hex(request.nonce));
                Ok(Checkout { id: reference, url: None })
            }
            Kind::Test { public_base_url, .. } => {
                let reference = hex(request.nonce);
                let url = checkout_url(public_base_url, &reference)
                    .ok_or_else(|| PaymentError::Refused("the public base URL cannot have a path".into()))?;
                Ok(Checkout { id: reference, url: Some(url.into()) })
            }
        }
    }
}

/// `Url::join` would drop the last segment of a base without a slash at its end.
fn checkout_url(base: &Url, reference: &str) -> Option<Url> {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.path_segments_mut().ok()?.pop_if_empty().extend(["test-checkout", reference]);
    Some(url)
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests;
