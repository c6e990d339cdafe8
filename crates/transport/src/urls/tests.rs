use super::*;

fn texts(urls: &Urls) -> [String; 4] {
    [&urls.variants, &urls.flags, &urls.stream, &urls.cohorts].map(ToString::to_string)
}

#[test]
fn each_zone_has_its_hosts() {
    assert_eq!(
        texts(&Urls::default()),
        [
            "https://api.lab.amplitude.com",
            "https://api.lab.amplitude.com",
            "https://stream.lab.amplitude.com",
            "https://cohort-v2.lab.amplitude.com"
        ]
    );
    assert_eq!(
        texts(&Urls::of(ServerZone::Eu)),
        [
            "https://api.lab.eu.amplitude.com",
            "https://flag.lab.eu.amplitude.com",
            "https://stream.lab.eu.amplitude.com",
            "https://cohort-v2.lab.eu.amplitude.com"
        ]
    );
}

#[test]
fn defaults_are_what_reading_them_gives() {
    for zone in [ServerZone::Us, ServerZone::Eu] {
        for url in [zone.variants(), zone.flags(), zone.stream(), zone.cohorts()] {
            assert_eq!(BaseUrl::from_static(url), BaseUrl::parse("x", url).unwrap());
        }
    }
}

#[test]
fn each_url_stands_for_itself_and_empty_means_the_default() {
    let urls = Urls::builder(ServerZone::Eu).variants("").stream("http://localhost:1/").build().unwrap();
    assert_eq!(urls, Urls { stream: BaseUrl::parse("x", "http://localhost:1").unwrap(), ..Urls::of(ServerZone::Eu) });
}

#[test]
fn one_slash_is_taken_away_and_prefixes_stay() {
    for (base, joined) in [
        ("https://host", "https://host/sdk/v2/flags?v=0"),
        ("https://host/", "https://host/sdk/v2/flags?v=0"),
        ("https://host//", "https://host//sdk/v2/flags?v=0"),
        (" http://127.0.0.1:8000/a/b/ ", "http://127.0.0.1:8000/a/b/sdk/v2/flags?v=0"),
        ("http://[::1]:8000", "http://[::1]:8000/sdk/v2/flags?v=0"),
        ("HTTPS://Host/a%20b", "https://Host/a%20b/sdk/v2/flags?v=0"),
    ] {
        assert_eq!(BaseUrl::parse("x", base).unwrap().join("/sdk/v2/flags?v=0").unwrap().to_string(), joined);
    }
}

#[test]
fn what_is_wrong_is_told_with_the_option_and_without_the_url() {
    for (url, problem) in [
        ("http://a b", UrlProblem::Whitespace),
        ("http://host/a\u{a0}b", UrlProblem::Whitespace),
        ("http://host\0", UrlProblem::Whitespace),
        ("localhost", UrlProblem::Relative),
        ("localhost:8000", UrlProblem::Relative),
        ("//host", UrlProblem::Relative),
        ("http:/host", UrlProblem::Relative),
        ("host/?to=http://other", UrlProblem::Relative),
        ("/flags", UrlProblem::Relative),
        ("ftp://host", UrlProblem::Scheme),
        ("https://me:hush@host", UrlProblem::Credentials),
        ("https://me:hush@host:x", UrlProblem::Credentials),
        ("http://", UrlProblem::NoHost),
        ("http:///flags", UrlProblem::NoHost),
        ("http://:8000", UrlProblem::NoHost),
        ("http://{host}/", UrlProblem::Host),
        ("http://::1:8000/", UrlProblem::Host),
        ("http://host\\flags", UrlProblem::Host),
        ("http://host:808O", UrlProblem::Port),
        ("http://http://host", UrlProblem::Port),
        ("http://host:99999/flags", UrlProblem::Port),
        ("http://host/{prefix}", UrlProblem::Path),
        ("http://host/a%2", UrlProblem::Path),
        ("http://host/ü", UrlProblem::Path),
        ("https://host/?a=b", UrlProblem::Query),
        ("https://host/#a", UrlProblem::Query),
    ] {
        let error = Urls::builder(ServerZone::Us).cohorts(url).build().unwrap_err();
        assert_eq!(error, UrlError { option: "cohorts", problem }, "{url}");
        let text = error.to_string();
        assert!(text.contains("`cohorts`") && text.contains(&problem.to_string()), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}
