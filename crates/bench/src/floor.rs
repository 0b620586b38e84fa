//! The baseline: the minimum that a service with this framework and driver does to respond with one row as JSON.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::web::{self, Data, Path};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use tokio_postgres::{Client, NoTls, Statement};

#[derive(Debug, Args)]
pub(crate) struct Floor {
    /// The database.
    #[arg(long)]
    database: String,
    /// The port to listen on, on this machine only.
    #[arg(long)]
    port: u16,
    /// Connections to the database, shared by all requests.
    #[arg(long, default_value_t = 2)]
    clients: usize,
    /// Worker threads. 0: one per processor core.
    #[arg(long, default_value_t = 0)]
    workers: usize,
}

struct Shared {
    clients: Vec<(Client, Statement)>,
    next: AtomicUsize,
}

/// As large as the response with a meeting link.
#[derive(Serialize)]
struct Row<'a> {
    id: i64,
    client_id: i64,
    scheduled_at: i64,
    minutes: i64,
    status: &'a str,
    room_url: Option<&'a str>,
}

const QUERY: &str = "SELECT id, client_id, scheduled_at, minutes, status, room_url FROM bookings WHERE id = $1";

impl Floor {
    pub(crate) fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.serve())
    }

    async fn serve(self) -> Result<()> {
        let mut clients = Vec::new();
        for _ in 0..self.clients.max(1) {
            let (client, connection) =
                tokio_postgres::connect(&self.database, NoTls).await.context("the database is unreachable")?;
            tokio::spawn(connection);
            let statement = client.prepare(QUERY).await?;
            clients.push((client, statement));
        }
        let shared = Data::new(Shared { clients, next: AtomicUsize::new(0) });
        let workers = if self.workers == 0 { std::thread::available_parallelism()?.get() } else { self.workers };
        HttpServer::new(move || App::new().app_data(shared.clone()).route("/{id}", web::get().to(show)))
            .workers(workers)
            .bind(("127.0.0.1", self.port))?
            .run()
            .await?;
        Ok(())
    }
}

async fn show(shared: Data<Shared>, id: Path<i64>) -> HttpResponse {
    let turn = shared.next.fetch_add(1, Ordering::Relaxed) % shared.clients.len();
    let (client, statement) = &shared.clients[turn];
    match client.query_opt(statement, &[&*id]).await {
        Ok(Some(row)) => HttpResponse::Ok().json(Row {
            id: row.get(0),
            client_id: row.get(1),
            scheduled_at: row.get(2),
            minutes: row.get(3),
            status: row.get(4),
            room_url: row.get(5),
        }),
        Ok(None) => HttpResponse::NotFound().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}
