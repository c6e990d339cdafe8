//! `experiment-server serve`.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use experiment_server::{DEFAULT_API_KEY, DEFAULT_DEPLOYMENT_KEY, DEFAULT_SECRET_KEY, Server};

use super::Sources;
use super::output::{Output, OutputError};

/// Serve flags until interrupted. A change of the files goes out to every stream at once.
#[derive(clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    sources: Sources,

    /// Where to listen for SDKs.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// Where to listen for metrics and administration. No key is asked for there.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3001")]
    admin_listen: SocketAddr,

    /// A deployment key to accept; give it more than once for more.
    #[arg(
        long = "deployment-key",
        value_name = "KEY",
        default_value = DEFAULT_DEPLOYMENT_KEY,
        env = "EXPERIMENT_DEPLOYMENT_KEY",
        hide_env_values = true
    )]
    deployment_keys: Vec<String>,

    /// The project's API key, for events and cohorts.
    #[arg(long, value_name = "KEY", default_value = DEFAULT_API_KEY, env = "EXPERIMENT_API_KEY", hide_env_values = true)]
    api_key: String,

    /// The project's secret key, for cohorts.
    #[arg(
        long,
        value_name = "KEY",
        default_value = DEFAULT_SECRET_KEY,
        env = "EXPERIMENT_SECRET_KEY",
        hide_env_values = true
    )]
    secret_key: String,

    /// A page that browsers let ask, such as http://localhost:8080, or * for all; give it more than once for more.
    #[arg(long = "cors", value_name = "ORIGIN")]
    cors: Vec<String>,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.serve())?;
        Ok(ExitCode::SUCCESS)
    }

    async fn serve(self) -> Result<(), Box<dyn Error>> {
        // Listened to from the start, so that no signal is missed.
        let mut interrupted = Interrupts::listen()?;
        let mut builder = Server::builder()
            .path(&self.sources.path)
            .project_keys(&self.api_key, &self.secret_key)
            .listen(self.listen)
            .admin_listen(self.admin_listen)
            .request_capacity(0);
        for key in &self.deployment_keys {
            builder = builder.deployment_key(key);
        }
        for origin in &self.cors {
            builder = builder.cors_origin(origin);
        }
        if let Some(cohorts) = &self.sources.cohorts {
            builder = builder.cohorts_path(cohorts);
        }
        let server = builder.start().await?;
        // A program whose output is closed ends: nothing that started it knows where it serves.
        if self.announce(&server)? {
            interrupted.recv().await;
            tracing::info!("stopping");
        }
        tokio::select! {
            () = server.shutdown() => {}
            // A second interrupt ends it without waiting.
            _ = interrupted.recv() => tracing::warn!("stopped at once"),
        }
        Ok(())
    }

    /// Prints where the server is. False if nobody reads it.
    fn announce(&self, server: &Server) -> Result<bool, OutputError> {
        let url = server.url();
        let path = self.sources.path.display();
        let mut output = Output::stdout();
        let (flags, cohorts) = (server.flag_count(), server.cohort_count());
        output.line(format_args!("Serving {flags} flags of {path} and {cohorts} cohorts.\n"))?;
        output.line(format_args!("  server URL      {url}        flags, streams, cohorts and variants"))?;
        output.line(format_args!("  events URL      {url}/2/httpapi"))?;
        let key = |name, key, default, option| format!("  {name:14}  {}", shown(key, default, option));
        for given in &self.deployment_keys {
            output.line(key("deployment key", given, DEFAULT_DEPLOYMENT_KEY, "--deployment-key"))?;
        }
        output.line(key("API key", &self.api_key, DEFAULT_API_KEY, "--api-key"))?;
        output.line(key("secret key", &self.secret_key, DEFAULT_SECRET_KEY, "--secret-key"))?;
        if let Some(admin) = server.admin_address() {
            output.line(format_args!(
                "  administration  http://{admin}        metrics, overrides, events, explanations"
            ))?;
            if !admin.ip().is_loopback() {
                tracing::warn!("the administrator's port asks for no key, and {admin} can be reached from elsewhere");
            }
        }
        let curl = format!("curl -H 'Authorization: Api-Key {}' '{url}/v1/vardata?user_id=ingrid'", self.curl_key());
        output.line(format_args!("\nTry it:\n\n  {curl}\n\nInterrupt with Ctrl-C."))?;
        output.finish()
    }

    fn curl_key(&self) -> &str {
        match self.deployment_keys.first() {
            Some(key) if key == DEFAULT_DEPLOYMENT_KEY => DEFAULT_DEPLOYMENT_KEY,
            _ => "<your deployment key>",
        }
    }
}

/// Defaults are no secrets; keys that were given may be.
fn shown<'a>(key: &'a str, default: &str, option: &'a str) -> String {
    if key == default { key.to_owned() } else { format!("as given by {option}") }
}

/// Hears when the program is asked to stop.
struct Interrupts {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signals: {
                use tokio::signal::unix::{SignalKind, signal};
                [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]
            },
        })
    }

    #[cfg(unix)]
    async fn recv(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn recv(&mut self) {
        // Without a signal to wait for, only the end of the process stops the server.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
