use std::io;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::state::{Behaviour, Moment, Shared};
use crate::{api, http};

/// Serves until the task is aborted, which closes all connections.
pub(crate) async fn run(listener: TcpListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, shared.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(mut stream: TcpStream, shared: Shared) -> io::Result<()> {
    let request = http::read(&mut stream).await?;
    let behaviour = shared.begin(&request);
    match behaviour {
        Behaviour::Stall(Moment::Before) => return stall(&mut stream).await,
        Behaviour::Cut(Moment::Before) => return Ok(()),
        Behaviour::Refuse { status, advice } => return api::refusal(status, advice).write(&mut stream, None).await,
        Behaviour::Succeed
        | Behaviour::FailAfterwards(_)
        | Behaviour::Stall(Moment::After)
        | Behaviour::Cut(Moment::After)
        | Behaviour::Drip(_) => {}
    }
    let response = shared.change(|state| api::respond(state, &request, behaviour));
    match behaviour {
        Behaviour::Stall(_) => stall(&mut stream).await,
        Behaviour::Cut(_) => Ok(()),
        Behaviour::Drip(delay) => response.write(&mut stream, Some(delay)).await,
        Behaviour::Succeed | Behaviour::FailAfterwards(_) | Behaviour::Refuse { .. } => {
            response.write(&mut stream, None).await
        }
    }
}

/// Reads and discards until the client closes the connection.
async fn stall(stream: &mut TcpStream) -> io::Result<()> {
    let mut scratch = [0; 1024];
    while let Ok(1..) = stream.read(&mut scratch).await {}
    Ok(())
}
