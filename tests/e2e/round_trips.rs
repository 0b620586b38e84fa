//! How many statements a page takes. On PostgreSQL each is a round trip.

use attune_e2e::{Api, Database, Instance, Practice, User, later};
use attune_test_postgres::TestServer;
use reqwest::{Method, Url};
use serde_json::json;

/// What the browser of a user sends after the login.
struct Browser<'a> {
    app: &'a Api,
    cookies: String,
}

impl<'a> Browser<'a> {
    async fn log_in(app: &'a Instance, user: &User) -> Self {
        let form = app.get("/login").await;
        let (_, token) = form.text.split_once("name=\"form_token\" value=\"").unwrap();
        let token = token.split('"').next().unwrap();
        let fields = [("form_token", token), ("email", &user.email), ("password", &user.password)];
        let body = Url::parse_with_params(app.base(), fields).unwrap().query().unwrap().to_owned();
        let request = app.request(Method::POST, "/login").header("cookie", form.cookies());
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let logged_in = app.send(request).await;
        assert_eq!(logged_in.status, 303, "{}", logged_in.text);
        Self { app, cookies: logged_in.cookies() }
    }

    async fn open(&self, path: &str) {
        let page = self.app.send(self.app.request(Method::GET, path).header("cookie", &self.cookies)).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
    }
}

/// The statements that the server has run for a practice since it was last asked.
struct Statements<'a> {
    server: &'a TestServer,
    seen: usize,
}

impl Statements<'_> {
    fn next(&mut self) -> Vec<String> {
        let log = self.server.log();
        let new = &log[self.seen..];
        self.seen = log.len();
        let is_statement = |line: &&str| ["LOG:  statement: ", "LOG:  execute "].iter().any(|word| line.contains(word));
        new.lines().filter(is_statement).map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_takes_no_more_statements_than_the_api_for_the_same_content() {
    let server = TestServer::start_own().await;
    let superuser = server.admin().await;
    for statement in ["ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()"] {
        superuser.batch_execute(statement).await.unwrap();
    }
    let database = server.fresh_database().await;
    let plan = Practice::on(Database::Postgres).with("database.url", database.url());
    let practice = plan.open().await;
    // Without the worker, all statements are those of requests.
    let app = practice.serve_without_worker().await;
    let (admin, john) = (practice.admin(&app).await, practice.client(&app, "John", "Doe").await);
    let booking = john.booked(later(3 * 1440)).await;
    for day in [4, 5] {
        john.booked(later(day * 1440)).await;
    }
    let guest = json!({"email": "guest@example.org", "display_name": "Interpreter", "role": "participant"});
    admin.post(&format!("/api/admin/bookings/{booking}/participants"), guest).await.expect(201);
    let (client, therapist) = (Browser::log_in(&app, &john).await, Browser::log_in(&app, &admin).await);
    let (from, until) = (later(0), later(7 * 1440));
    let range = format!("from={from}&to={until}");
    let availability = format!("/api/availability?service_id=1&therapist_id={}&{range}", admin.id);
    let own = format!("/api/bookings/{booking}");
    let any = format!("/api/admin/bookings/{booking}");
    let week = format!("/api/admin/bookings?therapist_id={}&{range}", admin.id);
    let person = format!("/api/admin/users/{}", john.id);
    let path = |path: &str| path.to_owned();
    let services = || path("/api/services");
    let therapists = || path("/api/therapists");
    let emails = || path("/api/admin/notifications");
    let cases = [
        (&client, &john, path("/book"), vec![services(), therapists(), availability.clone()]),
        (
            &client,
            &john,
            path("/appointments"),
            vec![format!("/api/bookings?from={from}"), format!("/api/bookings?to={from}"), services(), therapists()],
        ),
        (&client, &john, format!("/appointments/{booking}"), vec![own.clone(), services(), therapists()]),
        (
            &client,
            &john,
            format!("/appointments/{booking}/cancel"),
            vec![format!("{own}/cancellation-quote"), services(), therapists()],
        ),
        (
            &client,
            &john,
            format!("/appointments/{booking}/move"),
            vec![own, services(), therapists(), availability.clone()],
        ),
        (
            &client,
            &john,
            path("/account"),
            vec![path("/api/auth/me"), path("/api/auth/sessions"), path("/api/me/calendar-feed")],
        ),
        (&therapist, &admin, format!("/bookings/{booking}"), vec![any, services(), therapists()]),
        (
            &therapist,
            &admin,
            path("/today"),
            vec![week.clone(), therapists(), availability, path("/api/admin/payments/problems"), emails()],
        ),
        (&therapist, &admin, path("/week"), vec![week.clone(), therapists(), path("/api/admin/schedule"), services()]),
        (&therapist, &admin, format!("/users/{}", john.id), vec![person, week, services(), therapists()]),
        (&therapist, &admin, path("/clients"), vec![path("/api/admin/users")]),
        (
            &therapist,
            &admin,
            path("/hours"),
            vec![therapists(), path("/api/admin/schedule"), path("/api/admin/time-off")],
        ),
        (&therapist, &admin, path("/services"), vec![path("/api/admin/services")]),
        (&therapist, &admin, path("/practice/policy"), vec![path("/api/admin/policy")]),
        (&therapist, &admin, path("/practice/profile"), vec![path("/api/admin/practice")]),
        (&therapist, &admin, path("/emails"), vec![emails()]),
        (&therapist, &admin, path("/team"), vec![path("/api/admin/users"), path("/api/auth/sessions")]),
    ];
    let mut statements = Statements { server: &server, seen: 0 };
    let mut table = String::new();
    let mut dear = 0;
    for (browser, user, page, calls) in cases {
        // A second time, for the caches.
        for _ in 0..2 {
            statements.next();
            browser.open(&page).await;
        }
        let of_page = statements.next();
        for _ in 0..2 {
            statements.next();
            for call in &calls {
                user.get(call).await.expect(200);
            }
        }
        let of_api = statements.next();
        // Each page names the practice.
        let allowed = of_api.len() + 1;
        table.push_str(&format!("{page}: {} for the page, {} for {}\n", of_page.len(), of_api.len(), calls.join(", ")));
        if of_page.len() > allowed {
            dear += 1;
            table.push_str(&format!("page:\n{}\nAPI:\n{}\n", of_page.join("\n"), of_api.join("\n")));
        }
    }
    assert_eq!(dear, 0, "{table}");
}
