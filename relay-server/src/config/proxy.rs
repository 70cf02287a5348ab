//! `upstream.proxy`: the proxy that connections to the providers go through.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use url::Url;
use zeroize::Zeroizing;

use super::files::{self, Readers};
use super::reader::Reader;

/// The value of `upstream.proxy` that takes the proxy from `HTTPS_PROXY`.
const ENVIRONMENT: &str = "environment";

/// The proxy that connections to the providers go through. `Debug` hides its password.
#[derive(Clone, Debug, Default)]
pub struct ProxyConfig {
    /// What the setting says: nothing, `environment` or a URL.
    pub setting: String,
    /// The proxy's URL, without user name and password. `None`: connections are direct.
    pub url: Option<String>,
    /// The hosts that are reached directly, as in `NO_PROXY`.
    pub no_proxy: String,
    /// The user name and password.
    pub credentials: Option<ProxyCredentials>,
    /// The file that has them, if one is set.
    pub credentials_file: Option<PathBuf>,
    /// The environment variable that has them otherwise.
    pub credentials_env: String,
}

/// A user name and a password for a proxy. `Debug` hides both.
#[derive(Clone)]
pub struct ProxyCredentials {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl ProxyCredentials {
    fn new(user: &str, password: &str) -> Self {
        Self { user: Zeroizing::new(user.to_owned()), password: Zeroizing::new(password.to_owned()) }
    }

    /// Reads `user:password`.
    fn parse(text: &str) -> Result<Self, String> {
        let line = text.trim_end_matches(['\r', '\n']);
        match line.split_once(':') {
            Some((user, password)) if !user.is_empty() && !line.contains(['\r', '\n']) => Ok(Self::new(user, password)),
            _ => Err("must hold one line with a user name, a colon and a password".to_owned()),
        }
    }

    /// The user name and the password. Only what sets up the proxy needs them.
    pub fn expose(&self) -> (&str, &str) {
        (&self.user, &self.password)
    }
}

impl fmt::Debug for ProxyCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyCredentials(..)")
    }
}

impl ProxyConfig {
    pub(super) fn read(reader: &mut Reader, variables: &BTreeMap<String, String>) -> Self {
        let setting = reader.get("upstream.proxy", setting).unwrap_or_default();
        let no_proxy = reader.get("upstream.no_proxy", |text| Ok(text.to_owned())).unwrap_or_default();
        let credentials_file = reader.path("upstream.proxy_credentials_file");
        let default = || "RELAY_PROXY_CREDENTIALS".to_owned();
        let credentials_env = reader.get("upstream.proxy_credentials_env", variable_name).unwrap_or_else(default);
        let mut config = Self { setting, url: None, no_proxy, credentials: None, credentials_file, credentials_env };
        match config.setting.as_str() {
            "" => {}
            ENVIRONMENT => config.take_environment(reader, variables),
            url => config.url = Some(url.to_owned()),
        }
        config.take_credentials(reader, variables);
        config
    }

    /// `HTTPS_PROXY`, or else `ALL_PROXY`, and `NO_PROXY`; in small letters, too, as other programs read them.
    fn take_environment(&mut self, reader: &mut Reader, variables: &BTreeMap<String, String>) {
        let given = |names: [&str; 2]| {
            let found = names.into_iter().find_map(|name| Some((name.to_owned(), variables.get(name)?.clone())));
            found.filter(|(_, value)| !value.is_empty())
        };
        if let Some((name, text)) = given(["HTTPS_PROXY", "https_proxy"]).or_else(|| given(["ALL_PROXY", "all_proxy"]))
        {
            let text = if text.contains("://") { text } else { format!("http://{text}") };
            match taken_apart(&text) {
                Ok((url, credentials)) => (self.url, self.credentials) = (Some(url), credentials),
                Err(message) => {
                    reader.error("upstream.proxy", format!("is `{ENVIRONMENT}`, and the variable {name} {message}"));
                }
            }
        }
        if self.no_proxy.is_empty() {
            self.no_proxy = given(["NO_PROXY", "no_proxy"]).map(|(_, hosts)| hosts).unwrap_or_default();
        }
    }

    fn take_credentials(&mut self, reader: &mut Reader, variables: &BTreeMap<String, String>) {
        let text = match (&self.credentials_file, variables.get(&self.credentials_env)) {
            (Some(path), _) => match files::read_private(path, Readers::RootsGroup) {
                Ok(text) => Some(text),
                Err(message) => return reader.error("upstream.proxy_credentials_file", message),
            },
            (None, Some(text)) => Some(Zeroizing::new(text.clone())),
            (None, None) => None,
        };
        let Some(text) = text else { return };
        match ProxyCredentials::parse(&text) {
            Ok(credentials) => self.credentials = Some(credentials),
            Err(message) if self.credentials_file.is_some() => {
                reader.error("upstream.proxy_credentials_file", message);
            }
            Err(message) => reader.error("upstream.proxy_credentials_env", format!("names a variable that {message}")),
        }
    }
}

/// Checks the setting. A password does not belong into it: `relay config check` and `relay doctor` show it.
fn setting(text: &str) -> Result<String, String> {
    if text.is_empty() || text == ENVIRONMENT {
        return Ok(text.to_owned());
    }
    match taken_apart(text)? {
        (url, None) => Ok(url),
        (_, Some(_)) => Err(
            "must not have a user name or password; put them into `upstream.proxy_credentials_file` or the variable \
             RELAY_PROXY_CREDENTIALS"
                .to_owned(),
        ),
    }
}

/// A proxy's URL without its user name and password, and these.
///
/// # Errors
/// What is wrong, without the text, which may have a password.
fn taken_apart(text: &str) -> Result<(String, Option<ProxyCredentials>), String> {
    let wrong = || "must be the URL of an HTTP proxy, such as http://proxy.example:3128, or `environment`".to_owned();
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) || !is_bare {
        return Err(wrong());
    }
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decoded(url.username()), url.password().map(decoded));
    let credentials = (!user.is_empty() || password.is_some())
        .then(|| ProxyCredentials::new(&user, password.as_deref().unwrap_or_default()));
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return Err(wrong());
    }
    Ok((url.as_str().trim_end_matches('/').to_owned(), credentials))
}

fn variable_name(text: &str) -> Result<String, String> {
    let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if good {
        Ok(text.to_owned())
    } else {
        Err("must be a variable's name; the password does not belong here".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let text = format!("[storage]\npath = \":memory:\"\n[upstream]\n{text}");
        Config::read(Some((std::path::Path::new("relay.toml"), &text)), &variables).map_err(|errors| errors.to_string())
    }

    const FROM_ENVIRONMENT: &[(&str, &str)] =
        &[("HTTPS_PROXY", "http://ana:s%40cret@proxy.example:3128"), ("NO_PROXY", "localhost,.corp.example")];

    #[test]
    fn the_environment_counts_only_if_the_setting_says_so() {
        let proxy = read("", FROM_ENVIRONMENT).unwrap().upstream.proxy;
        assert!(proxy.url.is_none() && proxy.credentials.is_none() && proxy.no_proxy.is_empty());
        let proxy = read("proxy = \"environment\"", FROM_ENVIRONMENT).unwrap().upstream.proxy;
        assert_eq!(proxy.url.as_deref(), Some("http://proxy.example:3128"));
        assert_eq!(proxy.credentials.as_ref().unwrap().expose(), ("ana", "s@cret"));
        assert_eq!(proxy.no_proxy, "localhost,.corp.example");
        for (name, value) in [("https_proxy", "proxy.example:3128"), ("ALL_PROXY", "http://proxy.example:3128/")] {
            let proxy = read("proxy = \"environment\"", &[(name, value)]).unwrap().upstream.proxy;
            assert_eq!(proxy.url.as_deref(), Some("http://proxy.example:3128"), "{name}");
        }
        assert!(read("proxy = \"environment\"", &[]).unwrap().upstream.proxy.url.is_none());
    }

    #[test]
    fn a_password_comes_from_a_file_or_a_variable_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("proxy");
        std::fs::write(&file, "ana:file-s3cret\n").unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let from_file =
            format!("proxy = \"http://proxy.example:3128\"\nproxy_credentials_file = {:?}", file.to_str().unwrap());
        let variable = ("RELAY_PROXY_CREDENTIALS", "bo:env-s3cret:x");
        for (text, want) in
            [(from_file.as_str(), ("ana", "file-s3cret")), ("proxy = \"http://p:1\"", ("bo", "env-s3cret:x"))]
        {
            let config = read(text, &[variable]).unwrap();
            assert_eq!(config.upstream.proxy.credentials.as_ref().unwrap().expose(), want);
            assert!(!format!("{config:?}").contains("s3cret"));
        }
        let error = read("proxy = \"http://ana:s3cret@proxy.example\"", &[]).unwrap_err();
        assert!(error.contains("proxy_credentials_file") && !error.contains("s3cret"), "{error}");
        let error = read("proxy = \"http://p:1\"", &[("RELAY_PROXY_CREDENTIALS", "s3cret")]).unwrap_err();
        assert!(error.contains("a colon") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn what_is_no_http_proxy_is_refused() {
        for bad in ["proxy.example", "socks5://proxy.example:1080", "http://", "http://p/path", "direct"] {
            assert!(read(&format!("proxy = \"{bad}\""), &[]).is_err(), "{bad}");
        }
        let error = read("proxy = \"environment\"", &[("HTTPS_PROXY", "socks5://u:s3cret@p")]).unwrap_err();
        assert!(error.contains("HTTPS_PROXY") && !error.contains("s3cret"), "{error}");
    }
}
