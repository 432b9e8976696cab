//! A browser: it keeps cookies, follows redirects, and sends the forms of pages.

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use std::collections::BTreeMap;
use url::Url;

/// One person's browser.
pub struct Browser {
    client: Client,
    /// The cookies by origin and name.
    pub cookies: BTreeMap<(String, String), String>,
    /// The address that a proxy names for it.
    pub sender: Option<&'static str>,
}

/// What a browser shows.
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub headers: HeaderMap,
    pub html: String,
}

impl Page {
    /// The target of a link whose text holds this.
    pub fn link(&self, text: &str) -> String {
        let mut links = self.html.split("<a ").skip(1);
        let found = links.find(|link| link.split("</a>").next().unwrap().contains(text));
        let found = found.unwrap_or_else(|| panic!("no link {text} in {}", self.html));
        let href = found.split("href=\"").nth(1).unwrap();
        href.split('"').next().unwrap().replace("&#38;", "&")
    }

    /// The value of a hidden field.
    pub fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let rest = self.html.split(&mark).nth(1);
        let rest = rest.unwrap_or_else(|| panic!("no field {name} in {}", self.html));
        rest.split('"').next().unwrap().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }
}

impl Browser {
    pub fn new() -> Self {
        let client = Client::builder()
            .redirect(Policy::none())
            .user_agent("a browser");
        Self {
            client: client.build().unwrap(),
            cookies: BTreeMap::new(),
            sender: None,
        }
    }

    /// A browser with the cookies of another one.
    pub fn of(other: &Self) -> Self {
        Self {
            cookies: other.cookies.clone(),
            ..Self::new()
        }
    }

    /// Sends so many bytes of this type.
    pub async fn ask(&mut self, method: &str, url: &str, kind: &str, bytes: usize) -> Page {
        let url = Url::parse(url).unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.request(method, &url);
        let request = match bytes {
            0 => request,
            bytes => request.header("content-type", kind).body("a".repeat(bytes)),
        };
        self.answer(&url, request).await
    }

    /// Opens an address, and follows where it leads.
    pub async fn open(&mut self, url: &str) -> Page {
        let mut url = Url::parse(url).unwrap();
        for _ in 0..10 {
            let page = self.step(Method::GET, &url, &[], &[]).await;
            match page.headers.get(LOCATION) {
                Some(to) => url = url.join(to.to_str().unwrap()).unwrap(),
                None => return page,
            }
        }
        panic!("{url} leads in a circle");
    }

    /// Opens an address, and does not follow.
    pub async fn look(&mut self, url: &str) -> Page {
        let url = Url::parse(url).unwrap();
        self.step(Method::GET, &url, &[], &[]).await
    }

    /// Sends a form.
    pub async fn send(&mut self, url: &str, origin: Option<&str>, fields: &[(&str, &str)]) -> Page {
        let url = Url::parse(url).unwrap();
        let origin: Vec<_> = origin
            .map(|origin| ("origin", origin))
            .into_iter()
            .collect();
        self.step(Method::POST, &url, &origin, fields).await
    }

    async fn step(
        &mut self,
        method: Method,
        url: &Url,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Page {
        let mut request = self.request(method.clone(), url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == Method::POST {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(fields)
                .finish();
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        self.answer(url, request).await
    }

    fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let origin = url.origin().ascii_serialization();
        let own = self.cookies.iter().filter(|((of, _), _)| *of == origin);
        let own: Vec<_> = own
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let request = self.client.request(method, url.clone());
        let request = request.header(COOKIE, own.join("; "));
        match self.sender {
            Some(sender) => request.header("x-forwarded-for", sender),
            None => request,
        }
    }

    async fn answer(&mut self, url: &Url, request: RequestBuilder) -> Page {
        let origin = url.origin().ascii_serialization();
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let key = (origin.clone(), name.to_owned());
            match cookie.contains("Max-Age=0;") {
                true => self.cookies.remove(&key),
                false => {
                    let value = rest.split(';').next().unwrap().to_owned();
                    self.cookies.insert(key, value)
                }
            };
        }
        Page {
            url: url.clone(),
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            html: answer.text().await.unwrap(),
        }
    }
}
