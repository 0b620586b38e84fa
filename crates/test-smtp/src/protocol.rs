//! The server's side of SMTP (RFC 5321), as far as our client needs it.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::sink::{Behaviour, ReceivedMail, Shared, Stage};

pub(crate) async fn serve(stream: TcpStream, shared: Shared) {
    let (number, behaviour) = shared.begin_connection();
    let drip = match behaviour {
        Behaviour::Drip(pause) => Some(pause),
        Behaviour::Accept | Behaviour::Answer { .. } | Behaviour::Stall(_) | Behaviour::Cut(_) => None,
    };
    let line = Line { stream: BufReader::new(stream), drip };
    let _ = Conversation { line, shared, number, behaviour }.run().await;
}

struct Line {
    stream: BufReader<TcpStream>,
    drip: Option<Duration>,
}

impl Line {
    async fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 { Err(gone()) } else { Ok(line) }
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        let Some(pause) = self.drip else {
            return self.stream.write_all(reply.as_bytes()).await;
        };
        for byte in reply.bytes() {
            tokio::time::sleep(pause).await;
            self.stream.write_all(&[byte]).await?;
        }
        Ok(())
    }

    /// Sends the success reply unless the behaviour differs at this stage; returns whether it did.
    async fn answer(&mut self, behaviour: Behaviour, stage: Stage, good: &str) -> io::Result<bool> {
        match behaviour {
            Behaviour::Answer { stage: here, code } if here == stage => {
                self.say(&format!("{code} as the test wants it\r\n")).await?;
                Ok(false)
            }
            Behaviour::Stall(here) if here == stage => Err(self.stall().await),
            Behaviour::Cut(here) if here == stage => Err(gone()),
            Behaviour::Accept
            | Behaviour::Answer { .. }
            | Behaviour::Stall(_)
            | Behaviour::Cut(_)
            | Behaviour::Drip(_) => {
                self.say(good).await?;
                Ok(true)
            }
        }
    }

    async fn stall(&mut self) -> io::Error {
        let mut scratch = [0; 1024];
        while let Ok(1..) = self.stream.read(&mut scratch).await {}
        gone()
    }
}

fn gone() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

struct Envelope {
    behaviour: Behaviour,
    sender: String,
    recipients: Vec<String>,
}

struct Conversation {
    line: Line,
    shared: Shared,
    number: u64,
    behaviour: Behaviour,
}

impl Conversation {
    async fn run(mut self) -> io::Result<()> {
        if !self.line.answer(self.behaviour, Stage::Connect, "220 sink.test ESMTP\r\n").await? {
            return Ok(());
        }
        let mut envelope: Option<Envelope> = None;
        loop {
            let line = self.line.read().await?;
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.shared.note_command(&line);
            let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            let between_emails = matches!(verb.as_str(), "NOOP" | "RSET" | "MAIL");
            if between_emails && self.shared.must_reconnect(self.behaviour) {
                return Ok(());
            }
            match verb.as_str() {
                "EHLO" | "HELO" => {
                    let mut reply = "250-sink.test\r\n".to_owned();
                    if self.fails_at_starttls() {
                        reply.push_str("250-STARTTLS\r\n");
                    }
                    reply.push_str("250-AUTH PLAIN\r\n250 HELP\r\n");
                    self.line.answer(self.behaviour, Stage::Ehlo, &reply).await?;
                }
                "STARTTLS" => {
                    let agreed = matches!(self.behaviour, Behaviour::Answer { code: 220, .. });
                    self.line.answer(self.behaviour, Stage::StartTls, "502 no TLS here\r\n").await?;
                    if agreed {
                        return self.line.say("250 this is not TLS\r\n").await;
                    }
                }
                "AUTH" => {
                    self.line.answer(self.behaviour, Stage::Auth, "235 welcome\r\n").await?;
                }
                "MAIL" => {
                    let behaviour = self.shared.begin_mail();
                    if self.line.answer(behaviour, Stage::Mail, "250 ok\r\n").await? {
                        envelope = Some(Envelope { behaviour, sender: path(&line), recipients: Vec::new() });
                    }
                }
                "RCPT" => match &mut envelope {
                    Some(open) => {
                        if self.line.answer(open.behaviour, Stage::Recipient, "250 ok\r\n").await? {
                            open.recipients.push(path(&line));
                        }
                    }
                    None => self.line.say("503 MAIL first\r\n").await?,
                },
                "DATA" => match envelope.take() {
                    Some(open) if !open.recipients.is_empty() => self.data(open).await?,
                    Some(_) | None => self.line.say("503 RCPT first\r\n").await?,
                },
                "RSET" => {
                    envelope = None;
                    self.line.say("250 ok\r\n").await?;
                }
                "NOOP" => self.line.say("250 ok\r\n").await?,
                "QUIT" => return self.line.say("221 bye\r\n").await,
                _ => self.line.say("502 no such command\r\n").await?,
            }
        }
    }

    fn fails_at_starttls(&self) -> bool {
        match self.behaviour {
            Behaviour::Answer { stage, .. } | Behaviour::Stall(stage) | Behaviour::Cut(stage) => {
                stage == Stage::StartTls
            }
            Behaviour::Accept | Behaviour::Drip(_) => false,
        }
    }

    async fn data(&mut self, envelope: Envelope) -> io::Result<()> {
        let mut behaviour = envelope.behaviour;
        if let Behaviour::Answer { stage: stage @ Stage::Body, .. } = &mut behaviour {
            *stage = Stage::Message;
        }
        if !self.line.answer(behaviour, Stage::Data, "354 go on\r\n").await? {
            return Ok(());
        }
        let mut raw = Vec::new();
        let mut fresh_line = true;
        loop {
            let line = self.line.read().await?;
            // Only <CRLF>.<CRLF> ends an email. A server that accepts less can be tricked into seeing two emails in
            // one.
            if fresh_line && line == b".\r\n" {
                break;
            }
            let stuffed = fresh_line && line.first() == Some(&b'.');
            fresh_line = line.ends_with(b"\r\n");
            raw.extend_from_slice(&line[usize::from(stuffed)..]);
            match behaviour {
                Behaviour::Stall(Stage::Body) => return Err(self.line.stall().await),
                Behaviour::Cut(Stage::Body) => return Err(gone()),
                Behaviour::Accept
                | Behaviour::Answer { .. }
                | Behaviour::Stall(_)
                | Behaviour::Cut(_)
                | Behaviour::Drip(_) => {}
            }
        }
        let refused = matches!(behaviour, Behaviour::Answer { stage: Stage::Message, code: 400.. });
        if !refused {
            let Envelope { sender, recipients, .. } = envelope;
            self.shared.store(ReceivedMail { sender, recipients, raw, connection: self.number });
        }
        self.line.answer(behaviour, Stage::Message, "250 accepted\r\n").await?;
        Ok(())
    }
}

fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(path, _)| path.to_owned())
}
