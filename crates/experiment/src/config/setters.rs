//! What the builders of all clients set alike.

/// Gives them to a builder that has a `config`, a `client` and, with the feature, `logging`.
macro_rules! common_setters {
    ($builder:ty) => {
        impl $builder {
            /// Sets where the project's data is.
            pub fn server_zone(mut self, zone: ::transport::ServerZone) -> Self {
                self.config.server_zone = zone;
                self
            }

            /// Sets which proxy connections go through.
            pub fn proxy(mut self, proxy: $crate::ProxyConfig) -> Self {
                self.config.proxy = proxy;
                self
            }

            /// Sets how long a connection is kept that is not in use. Default: 20 seconds. Zero: none is
            /// kept. In files it is `connectionIdleTimeoutMillis`.
            pub fn connection_idle_timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self.config.connection_idle_timeout = timeout;
                self
            }

            /// Brings another HTTP client in the place of the one that comes with the SDK. The options for the proxy
            /// and for idle connections then have no effect.
            pub fn http_client(mut self, client: ::std::sync::Arc<dyn ::transport::HttpClient>) -> Self {
                self.client = Some(client);
                self
            }

            /// Sets how much the client tells its logger; without one, the standard error output.
            #[cfg(feature = "logging")]
            pub fn log_level(mut self, level: $crate::logging::LogLevel) -> Self {
                (self.config.log_level, self.config.debug) = (Some(level), false);
                self
            }

            /// Gives the client a logger, beside the subscriber of the process that there is when it is built. It is told
            /// errors unless there is a level.
            #[cfg(feature = "logging")]
            pub fn logger(mut self, logger: ::std::sync::Arc<dyn $crate::logging::LoggerProvider>) -> Self {
                self.logging.logger = Some(logger);
                self
            }

            /// Where the client's own logs go.
            fn logs(&self) -> $crate::logs::Logs {
                #[cfg(feature = "logging")]
                return self.logging.build(self.config.log_level, self.config.debug);
                #[cfg(not(feature = "logging"))]
                $crate::logs::Logs::default()
            }
        }
    };
}

pub(crate) use common_setters;
