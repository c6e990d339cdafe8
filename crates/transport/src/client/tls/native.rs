//! The roots of the operating system, or of the files and folders that `SSL_CERT_FILE` and `SSL_CERT_DIR` name in their
//! place. Logs a warning for each of these that cannot be used, even when there are other roots.

use std::env;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};

use crate::client::BoxError;

/// Adds the roots. Returns the first thing that kept some of them away.
pub(super) fn add(roots: &mut RootCertStore) -> Option<BoxError> {
    let file = env::var_os("SSL_CERT_FILE").map(PathBuf::from).filter(|file| !file.as_os_str().is_empty());
    let folders = env::var_os("SSL_CERT_DIR").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()).collect();
    if file.is_none() && folders.is_empty() {
        return add_found(roots, load_native_certs()).problem;
    }
    let mut first = None;
    let mut report = |variable, path: &Path, problem: BoxError| {
        tracing::warn!(
            target: "experiment::transport", variable, path = %path.display(), error = %problem,
            "certificates that a variable of the environment names cannot be used"
        );
        first.get_or_insert(problem);
    };
    if let Some(file) = &file {
        let Added { certificates, problem } = add_found(roots, load_certs_from_paths(Some(file), None));
        let empty = || (certificates == 0).then(|| "the file holds no certificate in PEM".into());
        if let Some(problem) = problem.or_else(empty) {
            report("SSL_CERT_FILE", file, problem);
        }
    }
    for folder in &folders {
        if let Some(problem) = add_found(roots, load_certs_from_paths(None, Some(folder))).problem {
            report("SSL_CERT_DIR", folder, problem);
        }
    }
    first
}

/// What was added, and the first thing that kept more from it.
struct Added {
    certificates: usize,
    problem: Option<BoxError>,
}

fn add_found(roots: &mut RootCertStore, found: CertificateResult) -> Added {
    let (certificates, unusable) = roots.add_parsable_certificates(found.certs);
    let unreadable = found.errors.into_iter().next().map(Into::into);
    let problem = unreadable.or_else(|| (unusable > 0).then(|| format!("cannot be roots: {unusable}").into()));
    Added { certificates, problem }
}
