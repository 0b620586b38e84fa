//! Payments through Stripe against a simulated Stripe over real sockets, with faults and real signatures.

use std::task::Poll;

use attune_e2e::{
    ApiResponse, Database, Instance, Method, NOW, Plan, Practice, User, assert_fields, at, eventually, later,
};
use attune_test_stripe::{Behaviour, Delivery, FakeStripe, Moment, PAYER_EMAIL, PAYER_NAME};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Makes a test of each scenario for each database; the ledger is compared with the provider's afterwards.
macro_rules! scenarios {
    ($($scenario:ident),+ $(,)?) => {
        scenarios!(@on sqlite, Sqlite, $($scenario),+);
        scenarios!(@on postgres, Postgres, $($scenario),+);
    };
    (@on $module:ident, $database:ident, $($scenario:ident),+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    let shop = super::Shop::open(attune_e2e::Database::$database).await;
                    let shop = super::$scenario(shop).await;
                    shop.check_ledger().await;
                }
            )+
        }
    };
}

scenarios!(
    a_payment_confirms_the_booking,
    a_lost_webhook_is_made_up_for_by_reconciliation,
    duplicate_late_and_unordered_webhooks_apply_once,
    an_expired_hold_ends_its_checkout_first,
    a_payment_for_a_cancelled_booking_is_refunded_automatically,
    concurrent_cancellations_refund_once,
    forged_webhooks_are_refused_and_mismatches_need_review,
    an_outage_of_the_provider_loses_no_booking,
    a_crash_while_a_checkout_opens_opens_no_second_one,
    a_slow_payment_keeps_its_slot,
    a_client_who_is_asked_pays_days_later,
    a_partial_refund_appears_in_the_revenue_report,
    a_failed_refund_is_listed_and_can_be_retried,
    webhook_secrets_can_be_rotated,
    without_a_webhook_secret_there_is_no_endpoint,
    booking_an_own_held_slot_again_names_the_hold,
    a_price_that_can_never_be_charged_is_refused,
);

async fn a_price_that_can_never_be_charged_is_refused(shop: Shop) -> Shop {
    for (amount, least) in [(0.49, "0.50 EUR"), (0.01, "0.50 EUR"), (0.3, "0.50 EUR")] {
        let reply = shop.admin.patch("/api/admin/services/1", json!({"amount": amount})).await;
        reply.rejected_field("amount", "invalid_amount");
        let detail = format!("The payment provider charges at least {least}.");
        assert_fields(&reply.json(), json!({"detail": detail}));
    }
    shop.admin.patch("/api/admin/services/1", json!({"amount": 0.5})).await.expect(200);
    shop
}

#[tokio::test]
async fn a_first_service_that_can_never_be_charged_stops_the_first_start() {
    for (database, currency, price, why) in [
        (Database::Sqlite, "KWD", "12.345", "multiples of 0.010 KWD only"),
        (Database::Postgres, "TND", "12.345", "multiples of 0.010 TND only"),
        (Database::Sqlite, "IQD", "12000", "does not support IQD"),
        (Database::Postgres, "GBP", "0.29", "at least 0.30 GBP"),
    ] {
        let stripe = FakeStripe::start();
        let plan = Shop::plan(database, &stripe).with("practice.currency", currency);
        let practice = plan.with("practice.first_service_price", price).open_without_admin().await;
        let refused = practice.run(["serve"], "").await;
        assert_eq!(refused.code, Some(1), "{currency}: {}", refused.stdout);
        let message = "practice.first_service_price is invalid: the payment provider ";
        assert!(refused.stderr.contains(message) && refused.stderr.contains(why), "{}", refused.stderr);
    }
}

struct Shop {
    practice: Practice,
    app: Instance,
    admin: User,
    stripe: FakeStripe,
}

const HOME: &str = "https://booking.example.org";
const SECRET: &str = FakeStripe::WEBHOOK_SECRET;

impl Shop {
    fn plan(database: Database, stripe: &FakeStripe) -> Plan {
        Practice::on(database)
            .with("payments.provider", "stripe")
            .with_secret("payments.stripe_key", FakeStripe::SECRET_KEY)
            .with_secret("payments.stripe_webhook_secret", SECRET)
            .with("testing.stripe_api", &stripe.url())
            .with("http.public_url", HOME)
            .with("practice.first_service_price", "100.00")
            .with("reminders.offsets_minutes", "60")
    }

    async fn open(database: Database) -> Self {
        let stripe = FakeStripe::start();
        stripe.set_now(at(NOW));
        let (practice, app) = Self::plan(database, &stripe).serve().await;
        for secret in [PAYER_NAME, PAYER_EMAIL] {
            practice.keep_secret(secret);
        }
        Self::at(practice, app, stripe).await
    }

    /// The shop with this instance, which receives Stripe's webhooks.
    async fn at(practice: Practice, app: Instance, stripe: FakeStripe) -> Self {
        stripe.set_endpoint(Some(&format!("{}/api/webhooks/stripe", app.base())));
        let admin = practice.admin(&app).await;
        Self { practice, app, admin, stripe }
    }

    fn pass(&self, time: SignedDuration) {
        self.practice.clock.set(self.practice.clock.now() + time);
        self.stripe.advance(time);
    }

    async fn john(&self) -> User {
        self.practice.client(&self.app, "John", "Doe").await
    }

    async fn jane(&self) -> User {
        self.practice.client(&self.app, "Jane", "Rowland").await
    }

    async fn held(&self, client: &User, minute: i64) -> (i64, String) {
        let before = self.stripe.checkouts().len();
        let booking = client.book(later(minute)).await.expect(201);
        assert_fields(&booking, json!({"status": "pending_payment", "payment_status": "pending"}));
        assert!(booking["checkout_url"].as_str().unwrap().starts_with("https://"), "{booking}");
        let sessions = self.stripe.checkouts();
        assert_eq!(sessions.len(), before + 1);
        (booking["id"].as_i64().unwrap(), name(sessions.last().unwrap()))
    }

    async fn paid(&self, client: &User, minute: i64) -> i64 {
        let (id, session) = self.held(client, minute).await;
        self.stripe.pay(&session);
        self.until(id, "scheduled", "succeeded").await;
        id
    }

    async fn until(&self, id: i64, status: &str, paid: &str) {
        let admin = self.admin.again().await;
        eventually(&format!("booking {id} is {status} and {paid}"), async || {
            let detail = admin.detail(id).await;
            (detail["status"] == status && detail["payment_status"] == paid).then_some(())
        })
        .await;
    }

    async fn detail(&self, id: i64) -> Value {
        self.admin.again().await.detail(id).await
    }

    async fn problems(&self) -> Vec<Value> {
        let admin = self.admin.again().await;
        admin.get("/api/admin/payments/problems").await.expect(200)["problems"].as_array().unwrap().clone()
    }

    /// One of the first emails to the client has this subject.
    async fn expect_email(&self, client: &User, count: usize, subject: &str) {
        let emails = self.practice.emails_where(count, |email| email.recipients == [client.email.as_str()]).await;
        let subjects: Vec<String> = emails.into_iter().map(|email| email.subject).collect();
        assert!(subjects.iter().any(|found| found.starts_with(subject)), "{subject}: {subjects:?}");
    }

    async fn send_webhook(&self, body: &str, signature: &str) -> ApiResponse {
        let api = self.app.with_token(None);
        let request = api.request(Method::POST, "/api/webhooks/stripe").header("stripe-signature", signature);
        api.send(request.header("content-type", "application/json").body(body.to_owned())).await
    }

    /// What holds whenever nothing is pending, for every booking and for everything at Stripe.
    async fn check_ledger(&self) {
        let admin = self.admin.again().await;
        let (mut references, mut refunded) = (Vec::new(), Vec::new());
        let problems = self.problems().await;
        let noted: Vec<&Value> = problems.iter().map(|problem| &problem["provider_reference"]).collect();
        for booking in admin.all_bookings().await {
            let detail = admin.detail(booking["id"].as_i64().unwrap()).await;
            let (status, paid) = (detail["status"].as_str().unwrap(), detail["payment_status"].as_str().unwrap());
            assert!(!(status == "scheduled" && ["pending", "processing", "failed"].contains(&paid)), "{detail}");
            let sum = |list: &str, keep: &dyn Fn(&Value) -> i64| -> i64 {
                detail[list].as_array().unwrap().iter().map(|row| keep(row) * cents(&row["amount"])).sum()
            };
            let is = |key: &'static str, names: &'static [&'static str]| {
                move |row: &Value| i64::from(names.contains(&row[key].as_str().unwrap()))
            };
            let captured = sum("payments", &is("state", &["settled", "unapplied"]));
            let returned = sum("refunds", &is("status", &["succeeded"]));
            let ledger = sum("ledger", &is("kind", &["captured", "refund_reversed"]))
                - sum("ledger", &is("kind", &["refunded"]));
            assert_eq!(captured - returned, ledger, "the ledger balances: {detail}");
            assert!((0..=captured).contains(&ledger), "{detail}");
            let settled = detail["payments"].as_array().unwrap().iter().filter(|p| p["state"] == "settled").count();
            assert!(settled <= 1, "a booking has one settled payment: {detail}");
            for payment in detail["payments"].as_array().unwrap() {
                assert!(!["opening", "closing"].contains(&payment["state"].as_str().unwrap()), "undecided: {detail}");
                references.push(payment["provider_reference"].clone());
            }
            for refund in detail["refunds"].as_array().unwrap().iter().filter(|r| r["status"] == "succeeded") {
                refunded.push(cents(&refund["amount"]));
            }
        }
        for session in self.stripe.checkouts() {
            if session["payment_status"] == "paid" {
                let payment = &session["payment_intent"];
                let known = references.contains(payment) || noted.contains(&payment) || noted.contains(&&session["id"]);
                assert!(known, "an unknown payment: {session}");
            }
        }
        let there = self.stripe.refunds().into_iter().filter(|refund| refund["status"] == "succeeded");
        let mut there: Vec<i64> = there.map(|refund| refund["amount"].as_i64().unwrap()).collect();
        there.sort_unstable();
        refunded.sort_unstable();
        assert_eq!(there, refunded, "the refunds at the provider are those of the ledger");
    }
}

fn name(session: &Value) -> String {
    session["id"].as_str().unwrap().to_owned()
}

fn cents(amount: &Value) -> i64 {
    format!("{:.2}", amount.as_f64().unwrap()).replace('.', "").parse().unwrap()
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

async fn a_payment_confirms_the_booking(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    john.link(id).await.refused(404, "meeting_link_unavailable");
    let checkout = john.get(&format!("/api/bookings/{id}/payment")).await.expect(200);
    assert_fields(&checkout, json!({"provider": "stripe", "expires_at": later(15).to_string()}));
    let again = john.post(&format!("/api/bookings/{id}/payment"), json!({})).await.expect(200);
    assert_eq!(again["checkout_url"], checkout["checkout_url"], "the same checkout is returned");
    // The practice's own price; clients return to the page of the settings.
    let expected = json!({
        "amount_total": 10_000, "currency": "eur", "client_reference_id": id.to_string(),
        "success_url": format!("{HOME}/checkout/done"),
    });
    assert_fields(&shop.stripe.checkouts()[0], expected);
    let page = shop.app.with_token(None).get("/checkout/done").await;
    assert_eq!(page.status, 200);

    let payment = shop.stripe.pay(&session);
    shop.until(id, "scheduled", "succeeded").await;
    let url = john.meeting_url(id).await;
    assert!(url.contains("/booking-"), "{url}");
    let paid = john.get(&format!("/api/bookings/{id}/payment")).await.expect(200);
    assert_fields(&paid, json!({"payment_status": "succeeded", "checkout_url": null}));
    john.post(&format!("/api/bookings/{id}/payment"), json!({})).await.refused(409, "already_paid");
    let detail = shop.detail(id).await;
    assert_eq!(detail["payments"][0]["provider_reference"], payment);
    assert_eq!(detail["ledger"].as_array().unwrap().len(), 1);
    shop.expect_email(&john, 2, "Payment received").await;
    shop
}

async fn a_lost_webhook_is_made_up_for_by_reconciliation(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    shop.stripe.script_deliveries([Delivery::Never]);
    shop.stripe.pay(&session);
    shop.pass(minutes(6));
    shop.until(id, "scheduled", "succeeded").await;

    // The same without a poll in time: the provider is asked before the slot is released.
    let (late, session) = shop.held(&john.again().await, 700).await;
    shop.stripe.script_deliveries([Delivery::Never]);
    shop.stripe.pay(&session);
    shop.pass(minutes(16));
    shop.jane().await.book(later(700)).await.refused(409, "slot_taken");
    shop.until(late, "scheduled", "succeeded").await;
    shop
}

async fn duplicate_late_and_unordered_webhooks_apply_once(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    shop.stripe.script_deliveries([Delivery::Twice]);
    shop.stripe.pay(&session);
    shop.until(id, "scheduled", "succeeded").await;
    let paid = shop.stripe.events().into_iter().find(|e| e.kind == "checkout.session.completed").unwrap();
    let version = shop.detail(id).await["version"].clone();
    let statuses = futures(100, async || shop.stripe.deliver(&paid).await).await;
    assert!(statuses.iter().all(|status| *status == Some(200)), "{statuses:?}");
    assert_eq!(shop.detail(id).await["version"], version);

    // Two hours late, the newest first; reconciliation had settled the payment meanwhile.
    let (slow, session) = shop.held(&john, 900).await;
    shop.stripe.script_deliveries([Delivery::Held, Delivery::Held]);
    shop.stripe.pay_slowly(&session);
    shop.pass(minutes(6));
    shop.until(slow, "pending_payment", "processing").await;
    shop.stripe.settle_payment(&session);
    shop.pass(minutes(120));
    shop.until(slow, "scheduled", "succeeded").await;
    shop.stripe.release().await;
    let after = shop.detail(slow).await;
    assert_fields(&after, json!({"status": "scheduled", "payment_status": "succeeded"}));
    assert_eq!(after["ledger"].as_array().unwrap().len(), 1);
    shop
}

/// Sends the requests at the same time.
async fn futures<T>(count: usize, request: impl AsyncFn() -> T) -> Vec<T> {
    let mut answers = Vec::new();
    let mut pending: Vec<_> = (0..count).map(|_| Box::pin(request())).collect();
    std::future::poll_fn(|context| {
        pending.retain_mut(|one| match one.as_mut().poll(context) {
            Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            Poll::Pending => true,
        });
        if pending.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers
}

async fn an_expired_hold_ends_its_checkout_first(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    shop.pass(minutes(16));
    shop.until(id, "expired", "cancelled").await;
    let checkout = shop.stripe.checkouts().into_iter().find(|checkout| checkout["id"] == session.as_str()).unwrap();
    assert_eq!(checkout["status"], "expired", "the checkout is closed");
    john.again().await.post(&format!("/api/bookings/{id}/payment"), json!({})).await.refused(409, "hold_expired");

    // A client who books such a slot does not wait for the worker.
    let john = john.again().await;
    let (second, _) = shop.held(&john, 700).await;
    shop.pass(minutes(16));
    let booked = shop.jane().await.booked(later(700)).await;
    assert_ne!(booked, second);
    shop.until(second, "expired", "cancelled").await;
    shop
}

async fn a_payment_for_a_cancelled_booking_is_refunded_automatically(shop: Shop) -> Shop {
    // Without a worker the checkout stays open at the provider for a while after the cancellation.
    let Shop { practice, app, stripe, .. } = shop;
    assert_eq!(app.terminate().await, Some(0));
    let app = practice.serve_without_worker().await;
    let shop = Shop::at(practice, app, stripe).await;
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    john.post(&format!("/api/bookings/{id}/cancel"), json!({})).await.expect(200);
    shop.stripe.pay(&session);
    shop.until(id, "cancelled", "refund_pending").await;
    let worker = shop.practice.work().await;
    shop.until(id, "cancelled", "refunded").await;
    assert_eq!(shop.stripe.refunds().len(), 1);
    shop.expect_email(&john, 1, "We will refund you").await;
    assert_eq!(worker.terminate().await, Some(0));
    shop
}

async fn concurrent_cancellations_refund_once(shop: Shop) -> Shop {
    let john = shop.john().await;
    let id = shop.paid(&john, 3 * 1440).await;
    let answers = futures(50, async || john.post(&format!("/api/bookings/{id}/cancel"), json!({})).await.status).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
    shop.until(id, "cancelled", "refunded").await;
    assert_eq!(shop.stripe.refunds().len(), 1);
    let shown = john.get(&format!("/api/bookings/{id}/payment")).await.expect(200);
    assert_fields(&shown["refunds"][0], json!({"status": "succeeded", "amount": 100.0}));
    shop.expect_email(&john, 4, "Your refund").await;
    shop
}

async fn forged_webhooks_are_refused_and_mismatches_need_review(mut shop: Shop) -> Shop {
    shop.app.may_log_errors();
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    shop.stripe.script_deliveries([Delivery::Never]);
    let charge = shop.stripe.pay(&session);
    let paid = shop.stripe.events().pop().unwrap();
    let sign = |body: &str| shop.stripe.sign(body.as_bytes());
    let signature = sign(&paid.body);
    let forged = signature.replace("v1=", "v1=0");
    shop.send_webhook(&paid.body, &forged).await.refused(400, "invalid_signature");
    shop.send_webhook(&paid.body, "").await.refused(400, "invalid_signature");
    let rewritten = serde_json::to_string(&serde_json::from_str::<Value>(&paid.body).unwrap()).unwrap();
    assert_ne!(rewritten, paid.body);
    shop.send_webhook(&rewritten, &signature).await.refused(400, "invalid_signature");
    shop.stripe.advance(SignedDuration::from_secs(-301));
    shop.send_webhook(&paid.body, &sign(&paid.body)).await.refused(400, "invalid_signature");
    shop.stripe.advance(SignedDuration::from_secs(301));

    // Genuine but mismatched: each is recorded once and confirms nothing.
    let mut event: Value = serde_json::from_str(&paid.body).unwrap();
    for (number, (pointer, wrong, kind)) in [
        ("/data/object/amount_total", json!(9_999), "wrong_amount"),
        ("/data/object/currency", json!("usd"), "wrong_currency"),
        ("/livemode", json!(true), "wrong_mode"),
        ("/data/object/client_reference_id", json!("4711"), "wrong_booking"),
    ]
    .into_iter()
    .enumerate()
    {
        let right = event.pointer(pointer).unwrap().clone();
        *event.pointer_mut(pointer).unwrap() = wrong;
        if kind == "wrong_booking" {
            event["data"]["object"]["metadata"]["booking_id"] = json!("4711");
        }
        event["id"] = json!(format!("evt_wrong{number}"));
        let body = event.to_string();
        for _ in 0..2 {
            shop.send_webhook(&body, &sign(&body)).await.expect(200);
        }
        *event.pointer_mut(pointer).unwrap() = right;
        let kinds: Vec<Value> = shop.problems().await.iter().map(|problem| problem["kind"].clone()).collect();
        assert_eq!((kinds.len(), kinds.last()), (number + 1, Some(&json!(kind))));
        assert_eq!(shop.detail(id).await["payment_status"], "pending");
    }
    let ready = shop.app.get("/health/ready").await.expect(200).to_string();
    assert!(ready.contains("a payment needs review by an admin"), "{ready}");
    for problem in shop.problems().await {
        let path = format!("/api/admin/payments/problems/{}/resolve", problem["id"]);
        assert_eq!(shop.admin.post(&path, json!({})).await.status, 204);
    }
    assert!(shop.problems().await.is_empty());

    // The genuine one is accepted.
    shop.send_webhook(&paid.body, &sign(&paid.body)).await.expect(200);
    let detail = shop.detail(id).await;
    assert_eq!(
        (&detail["status"], &detail["payments"][0]["provider_reference"]),
        (&"scheduled".into(), &json!(charge))
    );
    let unknown = json!({"id": "evt_other", "object": "event", "type": "customer.created", "data": {"object": {}}});
    let unknown = unknown.to_string();
    shop.send_webhook(&unknown, &sign(&unknown)).await.expect(200);
    shop
}

async fn an_outage_of_the_provider_loses_no_booking(mut shop: Shop) -> Shop {
    shop.app.may_log_errors();
    let john = shop.john().await;
    shop.stripe.set_default(Behaviour::Refuse { status: 503, advice: None });
    let booking = john.book(later(600)).await.expect(201);
    let id = booking["id"].as_i64().unwrap();
    assert_eq!(booking["checkout_url"], Value::Null);
    let checkout = format!("/api/bookings/{id}/payment");
    john.post(&checkout, json!({})).await.refused(503, "payment_provider_unavailable");
    // During an outage no slot is released that could have been paid; this one could not.
    shop.stripe.set_default(Behaviour::Succeed);
    assert!(john.post(&checkout, json!({})).await.expect(200)["checkout_url"].is_string());
    assert_eq!(shop.stripe.checkouts().len(), 1);
    let session = name(&shop.stripe.checkouts()[0]);
    shop.stripe.set_default(Behaviour::Refuse { status: 503, advice: None });
    shop.stripe.script_deliveries([Delivery::Never]);
    shop.stripe.pay(&session);
    shop.pass(minutes(16));
    shop.jane().await.book(later(600)).await.refused(409, "slot_taken");
    assert_eq!(shop.detail(id).await["status"], "pending_payment", "held until the provider can be asked");
    shop.stripe.set_default(Behaviour::Succeed);
    shop.pass(minutes(1));
    shop.until(id, "scheduled", "succeeded").await;
    shop
}

async fn a_crash_while_a_checkout_opens_opens_no_second_one(shop: Shop) -> Shop {
    let john = shop.john().await;
    shop.stripe.script([Behaviour::Stall(Moment::After)]);
    let before = shop.stripe.requests().len();
    let client = john.again().await;
    let has_no_answer = tokio::spawn(async move {
        let body = json!({"scheduled_at": later(600).to_string()});
        client.try_send(client.request(Method::POST, "/api/bookings").json(&body)).await.is_err()
    });
    shop.stripe.wait_for_requests(before + 1, std::time::Duration::from_secs(60)).await;
    let Shop { practice, app, stripe, .. } = shop;
    app.kill();
    assert!(has_no_answer.await.unwrap(), "the answer never came");
    let app = practice.serve().await;
    let john = john.at(&app);
    let shop = Shop::at(practice, app, stripe).await;
    let booking = john.bookings().await.remove(0);
    let id = booking["id"].as_i64().unwrap();
    assert_eq!(booking["status"], "pending_payment", "the booking was stored before the request to the provider");
    let opened = john.post(&format!("/api/bookings/{id}/payment"), json!({})).await.expect(200);
    let sessions = shop.stripe.checkouts();
    assert_eq!(sessions.len(), 1, "the same request was sent again");
    assert_eq!(sessions[0]["url"], opened["checkout_url"]);
    shop.stripe.pay(&name(&sessions[0]));
    shop.until(id, "scheduled", "succeeded").await;
    shop
}

async fn a_slow_payment_keeps_its_slot(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 8 * 1440).await;
    shop.stripe.pay_slowly(&session);
    shop.until(id, "pending_payment", "processing").await;
    john.post(&format!("/api/bookings/{id}/payment"), json!({})).await.refused(409, "payment_processing");
    shop.pass(minutes(2 * 1440));
    shop.jane().await.book(later(8 * 1440)).await.refused(409, "slot_taken");
    shop.stripe.settle_payment(&session);
    shop.until(id, "scheduled", "succeeded").await;

    let (fails, session) = shop.held(&john.again().await, 9 * 1440).await;
    shop.stripe.pay_slowly(&session);
    shop.until(fails, "pending_payment", "processing").await;
    shop.stripe.fail_payment(&session);
    shop.until(fails, "pending_payment", "failed").await;
    shop.expect_email(&john, 3, "Payment failed").await;
    let again = john.again().await.post(&format!("/api/bookings/{fails}/payment"), json!({})).await.expect(200);
    assert!(again["checkout_url"].is_string(), "another try while the hold lives: {again}");
    shop.stripe.pay(&name(shop.stripe.checkouts().last().unwrap()));
    shop.until(fails, "scheduled", "succeeded").await;
    shop
}

async fn a_client_who_is_asked_pays_days_later(shop: Shop) -> Shop {
    let john = shop.john().await;
    let body = json!({"user_id": john.id, "scheduled_at": later(14_400).to_string(), "payment": "online"});
    let booking = shop.admin.post("/api/admin/bookings", body).await.expect(201);
    let (id, url) = (booking["id"].as_i64().unwrap(), booking["pay_url"].as_str().unwrap());
    let (page, anyone) = (&url[HOME.len()..], shop.app.with_token(None));
    let press = async || {
        let pressed = anyone.send(anyone.request(Method::POST, page)).await;
        assert_eq!(pressed.status, 303, "{}", pressed.text);
        pressed.header("location").unwrap().to_owned()
    };
    let first = press().await;
    assert_eq!(first, booking["checkout_url"].as_str().unwrap());
    // Stripe ends a checkout after a day, and its webhook is lost.
    shop.stripe.script_deliveries([Delivery::Never]);
    shop.pass(minutes(25 * 60));
    let second = press().await;
    assert_ne!(second, first);
    assert_eq!(press().await, second);
    let session = name(shop.stripe.checkouts().last().unwrap());
    shop.stripe.pay(&session);
    shop.until(id, "scheduled", "succeeded").await;
    let shown = anyone.get(page).await;
    assert!(shown.status == 200 && shown.text.contains("Nothing is left to pay"), "{}", shown.text);
    shop.expect_email(&john, 3, "Payment received").await;
    shop
}

async fn a_partial_refund_appears_in_the_revenue_report(shop: Shop) -> Shop {
    let john = shop.john().await;
    let id = shop.paid(&john, 3 * 1440).await;
    let path = format!("/api/admin/bookings/{id}/refunds");
    john.post(&path, json!({"amount": 40.00})).await.refused(403, "forbidden");
    shop.admin.post(&path, json!({"amount": 100.01})).await.rejected_field("amount", "refund_too_large");
    let begun = shop.admin.post(&path, json!({"amount": 40.00, "reason": "Goodwill"})).await.expect(202);
    assert_eq!(begun["payment_status"], "refund_pending");
    shop.until(id, "scheduled", "partially_refunded").await;
    john.meeting_url(id).await;
    let quote = john.get(&format!("/api/bookings/{id}/cancellation-quote")).await.expect(200);
    assert_eq!(quote["refund_amount"], 60.0);

    // Another part, in the provider's dashboard.
    let charge = shop.detail(id).await["payments"][0]["provider_reference"].as_str().unwrap().to_owned();
    shop.stripe.refund_in_dashboard(&charge, 1_000).expect("the payment covers it");
    eventually("the dashboard refund is in our ledger", async || {
        (shop.detail(id).await["refunds"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    let report = shop.admin.get("/api/admin/reports/revenue?from=2027-03-01&to=2027-03-31&by=month").await.expect(200);
    let line = json!({
        "period": "2027-03", "currency": "EUR", "received": 100.0, "refunded": 50.0, "net": 50.0, "payments": 1, "refunds": 2
    });
    assert_eq!(report["lines"], json!([line]), "{report}");
    let csv = "/api/admin/reports/revenue?from=2027-03-01&to=2027-03-31&by=day&format=csv";
    let csv = shop.admin.get(csv).await;
    assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv; charset=utf-8; header=present")));
    let text = &csv.text;
    assert!(text.lines().nth(1).unwrap().starts_with("2027-03-01,EUR,100.00,50.00,50.00,1,2"), "{text}");
    shop
}

async fn a_failed_refund_is_listed_and_can_be_retried(mut shop: Shop) -> Shop {
    shop.app.may_log_errors();
    let john = shop.john().await;
    let id = shop.paid(&john, 3 * 1440).await;
    shop.stripe.set_slow_refunds(true);
    john.post(&format!("/api/bookings/{id}/cancel"), json!({})).await.expect(200);
    let refund = eventually("the provider was asked", async || shop.stripe.refunds().pop()).await;
    shop.stripe.fail_refund(&name(&refund));
    shop.until(id, "cancelled", "succeeded").await;
    let problems = shop.problems().await;
    assert_eq!((problems.len(), &problems[0]["kind"]), (1, &json!("refund_failed")));
    shop.stripe.set_slow_refunds(false);
    shop.admin.post(&format!("/api/admin/bookings/{id}/refunds"), json!({})).await.expect(202);
    shop.until(id, "cancelled", "refunded").await;
    assert!(shop.problems().await.is_empty());
    shop
}

async fn webhook_secrets_can_be_rotated(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    shop.stripe.set_webhook_secrets(&["whsec_theNewSecretOfTheEndpoint02", SECRET]);
    shop.stripe.pay(&session);
    shop.until(id, "scheduled", "succeeded").await;
    shop
}

async fn without_a_webhook_secret_there_is_no_endpoint(shop: Shop) -> Shop {
    let Shop { practice, app, stripe, .. } = shop;
    assert_eq!(app.terminate().await, Some(0));
    let mut command = practice.command(["serve"]);
    command.env("ATTUNE__PAYMENTS__STRIPE_WEBHOOK_SECRET", "");
    let app = Instance::bare(command).await.listening().await;
    let shop = Shop::at(practice, app, stripe).await;
    shop.send_webhook("{}", &shop.stripe.sign(b"{}")).await.refused(404, "not_found");
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    shop.stripe.pay(&session);
    shop.pass(minutes(6));
    shop.until(id, "scheduled", "succeeded").await;
    shop
}

async fn booking_an_own_held_slot_again_names_the_hold(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    let problem = john.book(later(600)).await.refused(409, "hold_exists");
    assert_eq!(problem["booking_id"], id);
    let problem = shop.jane().await.book(later(600)).await.refused(409, "slot_taken");
    assert_eq!(problem.get("booking_id"), None, "no one learns of another's booking");
    shop.stripe.pay(&session);
    shop.until(id, "scheduled", "succeeded").await;
    shop
}
