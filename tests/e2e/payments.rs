//! Payments through Stripe against a simulated Stripe over real sockets, with faults and real signatures.

use attune_e2e::{ApiResponse, Database, Instance, Method, NOW, Plan, Practice, User, at, eventually, later};
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
    a_partial_refund_appears_in_the_revenue_report,
    a_failed_refund_is_listed_and_can_be_retried,
    webhook_secrets_can_be_rotated,
    without_a_webhook_secret_there_is_no_endpoint,
    booking_an_own_held_slot_again_names_the_hold,
);

struct Shop {
    practice: Practice,
    app: Instance,
    admin: User,
    stripe: FakeStripe,
}

const HOME: &str = "https://booking.example.org";
const KEY: &str = FakeStripe::SECRET_KEY;
const SECRET: &str = FakeStripe::WEBHOOK_SECRET;

impl Shop {
    fn plan(database: Database, stripe: &FakeStripe) -> Plan {
        Practice::on(database)
            .with("payments.provider", "stripe")
            .with("payments.stripe_key", KEY)
            .with("payments.stripe_webhook_secret", SECRET)
            .with("testing.stripe_api", &stripe.url())
            .with("http.public_url", HOME)
            .with("practice.first_service_price", "100.00")
            .with("reminders.offsets_minutes", "60")
    }

    async fn open(database: Database) -> Self {
        let stripe = FakeStripe::start();
        stripe.set_now(at(NOW));
        let practice = Self::plan(database, &stripe).open().await;
        for secret in [KEY, SECRET, PAYER_NAME, PAYER_EMAIL] {
            practice.keep_secret(secret);
        }
        let app = practice.serve().await;
        let admin = practice.admin(&app).await;
        let shop = Self { practice, app, admin, stripe };
        shop.listen();
        shop
    }

    fn listen(&self) {
        self.stripe.set_endpoint(Some(&format!("{}/api/webhooks/stripe", self.app.base())));
    }

    fn pass(&self, time: SignedDuration) {
        self.practice.clock.set(self.practice.clock.now() + time);
        self.stripe.advance(time);
    }

    async fn john(&self) -> User {
        self.practice.client(&self.app, "John", "Doe").await
    }

    async fn held(&self, client: &User, minute: i64) -> (i64, String) {
        let before = self.stripe.checkouts().len();
        let booking = client.book(later(minute)).await.expect(201);
        assert_eq!((&booking["status"], &booking["payment_status"]), (&json!("pending_payment"), &json!("pending")));
        assert!(booking["checkout_url"].as_str().unwrap().starts_with("https://"), "{booking}");
        let sessions = self.stripe.checkouts();
        assert_eq!(sessions.len(), before + 1);
        (booking["id"].as_i64().unwrap(), name(sessions.last().unwrap()))
    }

    async fn paid(&self, client: &User, minute: i64) -> (i64, String) {
        let (id, session) = self.held(client, minute).await;
        let payment = self.stripe.pay(&session);
        self.until(id, "scheduled", "succeeded").await;
        (id, payment)
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

    async fn subjects(&self, reader: &User, count: usize) -> Vec<String> {
        eventually(&format!("{count} emails"), async || {
            let all = self.practice.emails.messages();
            let own = all.iter().map(|mail| mail.decode()).filter(|mail| mail.recipients == [reader.email.as_str()]);
            let subjects: Vec<String> = own.map(|mail| mail.subject).collect();
            (subjects.len() >= count).then_some(subjects)
        })
        .await
    }

    async fn tell(&self, body: &str, signature: &str) -> ApiResponse {
        let api = self.app.with_token(None);
        let request = api.request(Method::POST, "/api/webhooks/stripe").header("stripe-signature", signature);
        api.send(request.header("content-type", "application/json").body(body.to_owned())).await
    }

    /// What holds whenever nothing is pending, for every booking and for everything at Stripe.
    async fn check_ledger(&self) {
        let admin = self.admin.again().await;
        let mut references = Vec::new();
        let (mut refunded, mut noted) = (Vec::new(), Vec::new());
        for problem in self.problems().await {
            noted.push(problem["provider_reference"].clone());
        }
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
                let known =
                    references.contains(&session["payment_intent"]) || noted.contains(&session["payment_intent"]);
                assert!(known || noted.contains(&session["id"]), "an unknown payment: {session}");
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
    let asked = john.get(&format!("/api/bookings/{id}/payment")).await.expect(200);
    assert_eq!(asked["provider"], "stripe");
    assert_eq!(asked["expires_at"], later(15).to_string());
    let again = john.post(&format!("/api/bookings/{id}/payment"), json!({})).await.expect(200);
    assert_eq!(again["checkout_url"], asked["checkout_url"], "the same checkout is returned");
    let shown = shop.stripe.checkouts().remove(0);
    assert_eq!(
        (&shown["amount_total"], &shown["currency"]),
        (&json!(10_000), &json!("eur")),
        "the practice's own price"
    );
    assert_eq!(shown["client_reference_id"], id.to_string());
    assert_eq!(shown["success_url"], format!("{HOME}/checkout/done"), "clients come back to where the settings say");
    let page = shop.app.with_token(None).get("/checkout/done").await;
    assert_eq!(page.status, 200);

    let payment = shop.stripe.pay(&session);
    shop.until(id, "scheduled", "succeeded").await;
    let url = john.meeting_url(id).await;
    assert!(url.contains("/booking-"), "{url}");
    let paid = john.get(&format!("/api/bookings/{id}/payment")).await.expect(200);
    assert_eq!((&paid["payment_status"], &paid["checkout_url"]), (&json!("succeeded"), &Value::Null));
    john.post(&format!("/api/bookings/{id}/payment"), json!({})).await.refused(409, "already_paid");
    let detail = shop.detail(id).await;
    assert_eq!(detail["payments"][0]["provider_reference"], payment);
    assert_eq!(detail["ledger"].as_array().unwrap().len(), 1);
    let subjects = shop.subjects(&john, 2).await;
    assert!(subjects.iter().any(|subject| subject.starts_with("We received your payment")), "{subjects:?}");
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
    let jane = shop.practice.client(&shop.app, "Jane", "Rowland").await;
    jane.book(later(700)).await.refused(409, "slot_taken");
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
    let tell = async || {
        let told = futures(100, async || shop.stripe.deliver(&paid).await).await;
        assert!(told.iter().all(|status| *status == Some(200)), "{told:?}");
    };
    tell().await;
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
    assert_eq!((&after["status"], &after["payment_status"]), (&json!("scheduled"), &json!("succeeded")));
    assert_eq!(after["ledger"].as_array().unwrap().len(), 1);
    shop
}

async fn futures<T: Send + 'static>(count: usize, ask: impl AsyncFn() -> T) -> Vec<T> {
    let mut answers = Vec::new();
    let mut waiting: Vec<_> = (0..count).map(|_| Box::pin(ask())).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

async fn an_expired_hold_ends_its_checkout_first(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    shop.pass(minutes(16));
    shop.until(id, "expired", "cancelled").await;
    let state = |shop: &Shop| shop.stripe.checkouts().into_iter().find(|s| s["id"] == session.as_str()).unwrap();
    assert_eq!(state(&shop)["status"], "expired", "the checkout is closed");
    john.again().await.post(&format!("/api/bookings/{id}/payment"), json!({})).await.refused(409, "hold_expired");

    // A client who books such a slot does not wait for the worker.
    let john = john.again().await;
    let (second, _) = shop.held(&john, 700).await;
    shop.pass(minutes(16));
    let jane = shop.practice.client(&shop.app, "Jane", "Rowland").await;
    let taken = jane.booked(later(700)).await;
    assert_ne!(taken, second);
    shop.until(second, "expired", "cancelled").await;
    shop
}

async fn a_payment_for_a_cancelled_booking_is_refunded_automatically(shop: Shop) -> Shop {
    // Without a worker the checkout stays open at the provider for a while after the cancellation.
    let Shop { practice, app, stripe, .. } = shop;
    assert_eq!(app.terminate().await, Some(0));
    let app = practice.serve_without_worker().await;
    let admin = practice.admin(&app).await;
    let shop = Shop { practice, app, admin, stripe };
    shop.listen();
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    john.post(&format!("/api/bookings/{id}/cancel"), json!({})).await.expect(200);
    shop.stripe.pay(&session);
    shop.until(id, "cancelled", "refund_pending").await;
    let worker = shop.practice.work().await;
    shop.until(id, "cancelled", "refunded").await;
    assert_eq!(shop.stripe.refunds().len(), 1);
    let subjects = shop.subjects(&john, 1).await;
    assert!(subjects[0].starts_with("Your payment will be refunded"), "{subjects:?}");
    assert_eq!(worker.terminate().await, Some(0));
    shop
}

async fn concurrent_cancellations_refund_once(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, _) = shop.paid(&john, 3 * 1440).await;
    let answers = futures(50, async || john.post(&format!("/api/bookings/{id}/cancel"), json!({})).await.status).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 409].contains(status)), "{answers:?}");
    shop.until(id, "cancelled", "refunded").await;
    assert_eq!(shop.stripe.refunds().len(), 1);
    let shown = john.get(&format!("/api/bookings/{id}/payment")).await.expect(200);
    assert_eq!((&shown["refunds"][0]["status"], &shown["refunds"][0]["amount"]), (&json!("succeeded"), &json!(100.0)));
    let subjects = shop.subjects(&john, 4).await;
    assert!(subjects.iter().any(|subject| subject.starts_with("Your refund")), "{subjects:?}");
    shop
}

async fn forged_webhooks_are_refused_and_mismatches_need_review(mut shop: Shop) -> Shop {
    shop.app.may_log_errors();
    let john = shop.john().await;
    let (id, session) = shop.held(&john, 600).await;
    shop.stripe.script_deliveries([Delivery::Never]);
    let charge = shop.stripe.pay(&session);
    let paid = shop.stripe.events().pop().unwrap();
    let signature = shop.stripe.sign(paid.body.as_bytes());
    let forged = signature.replace("v1=", "v1=0");
    shop.tell(&paid.body, &forged).await.refused(400, "invalid_signature");
    shop.tell(&paid.body, "").await.refused(400, "invalid_signature");
    let rewritten = serde_json::to_string(&serde_json::from_str::<Value>(&paid.body).unwrap()).unwrap();
    assert_ne!(rewritten, paid.body);
    shop.tell(&rewritten, &signature).await.refused(400, "invalid_signature");
    shop.stripe.advance(SignedDuration::from_secs(-301));
    shop.tell(&paid.body, &shop.stripe.sign(paid.body.as_bytes())).await.refused(400, "invalid_signature");
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
            shop.tell(&body, &shop.stripe.sign(body.as_bytes())).await.expect(200);
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
    shop.tell(&paid.body, &shop.stripe.sign(paid.body.as_bytes())).await.expect(200);
    let detail = shop.detail(id).await;
    assert_eq!(
        (&detail["status"], &detail["payments"][0]["provider_reference"]),
        (&json!("scheduled"), &json!(charge))
    );
    let unknown = json!({"id": "evt_other", "object": "event", "type": "customer.created", "data": {"object": {}}});
    let unknown = unknown.to_string();
    shop.tell(&unknown, &shop.stripe.sign(unknown.as_bytes())).await.expect(200);
    shop
}

async fn an_outage_of_the_provider_loses_no_booking(mut shop: Shop) -> Shop {
    shop.app.may_log_errors();
    let john = shop.john().await;
    shop.stripe.set_default(Behaviour::Refuse { status: 503, advice: None });
    let booking = john.book(later(600)).await.expect(201);
    let id = booking["id"].as_i64().unwrap();
    assert_eq!(booking["checkout_url"], Value::Null);
    let away = john.post(&format!("/api/bookings/{id}/payment"), json!({})).await;
    away.refused(503, "payment_provider_unavailable");
    // During an outage no slot is released that could have been paid; this one could not.
    shop.stripe.set_default(Behaviour::Succeed);
    let opened = john.post(&format!("/api/bookings/{id}/payment"), json!({})).await.expect(200);
    assert!(opened["checkout_url"].is_string());
    assert_eq!(shop.stripe.checkouts().len(), 1);
    let session = name(&shop.stripe.checkouts()[0]);
    shop.stripe.set_default(Behaviour::Refuse { status: 503, advice: None });
    shop.stripe.script_deliveries([Delivery::Never]);
    shop.stripe.pay(&session);
    shop.pass(minutes(16));
    let jane = shop.practice.client(&shop.app, "Jane", "Rowland").await;
    jane.book(later(600)).await.refused(409, "slot_taken");
    assert_eq!(shop.detail(id).await["status"], "pending_payment", "kept until the provider can be asked");
    shop.stripe.set_default(Behaviour::Succeed);
    shop.pass(minutes(1));
    shop.until(id, "scheduled", "succeeded").await;
    shop
}

async fn a_crash_while_a_checkout_opens_opens_no_second_one(shop: Shop) -> Shop {
    let john = shop.john().await;
    shop.stripe.script([Behaviour::Stall(Moment::After)]);
    let before = shop.stripe.requests().len();
    let (asking, starts_at) = (john.again().await, later(600));
    let asked = tokio::spawn(async move {
        let body = json!({"scheduled_at": starts_at.to_string()});
        asking.try_send(asking.request(Method::POST, "/api/bookings").json(&body)).await.is_err()
    });
    shop.stripe.wait_for_requests(before + 1, std::time::Duration::from_secs(60)).await;
    let Shop { practice, app, admin, stripe } = shop;
    app.kill();
    assert!(asked.await.unwrap(), "the answer never came");
    let app = practice.serve().await;
    let john = john.at(&app);
    let shop = Shop { practice, admin: admin.at(&app), app, stripe };
    shop.listen();
    let booking = john.bookings().await.remove(0);
    let id = booking["id"].as_i64().unwrap();
    assert_eq!(booking["status"], "pending_payment", "the booking was kept before the provider was asked");
    let opened = john.post(&format!("/api/bookings/{id}/payment"), json!({})).await.expect(200);
    let sessions = shop.stripe.checkouts();
    assert_eq!(sessions.len(), 1, "asked again in the same words");
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
    let jane = shop.practice.client(&shop.app, "Jane", "Rowland").await;
    jane.book(later(8 * 1440)).await.refused(409, "slot_taken");
    shop.stripe.settle_payment(&session);
    shop.until(id, "scheduled", "succeeded").await;

    let (fails, session) = shop.held(&john.again().await, 9 * 1440).await;
    shop.stripe.pay_slowly(&session);
    shop.until(fails, "pending_payment", "processing").await;
    shop.stripe.fail_payment(&session);
    shop.until(fails, "pending_payment", "failed").await;
    let subjects = shop.subjects(&john, 3).await;
    assert!(subjects.iter().any(|subject| subject.starts_with("Your payment did not go through")), "{subjects:?}");
    let again = john.again().await.post(&format!("/api/bookings/{fails}/payment"), json!({})).await.expect(200);
    assert!(again["checkout_url"].is_string(), "another try while the hold lives: {again}");
    shop.stripe.pay(&name(shop.stripe.checkouts().last().unwrap()));
    shop.until(fails, "scheduled", "succeeded").await;
    shop
}

async fn a_partial_refund_appears_in_the_revenue_report(shop: Shop) -> Shop {
    let john = shop.john().await;
    let (id, _) = shop.paid(&john, 3 * 1440).await;
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
    let (id, _) = shop.paid(&john, 3 * 1440).await;
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
    let admin = practice.admin(&app).await;
    let shop = Shop { practice, app, admin, stripe };
    shop.tell("{}", &shop.stripe.sign(b"{}")).await.refused(404, "not_found");
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
    let jane = shop.practice.client(&shop.app, "Jane", "Rowland").await;
    let problem = jane.book(later(600)).await.refused(409, "slot_taken");
    assert_eq!(problem.get("booking_id"), None, "no one learns of another's booking");
    shop.stripe.pay(&session);
    shop.until(id, "scheduled", "succeeded").await;
    shop
}
