//! Signs people in, as their browsers would.

use super::world::{PEOPLE, World, login};
use anyhow::{Context, Result, ensure};
use reqwest::Client;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use std::collections::BTreeMap;
use url::Url;

/// How many redirects lead from the start to a page at most.
const MAX_STEPS: usize = 6;

/// Signs all people in, and returns the `Cookie` header of each.
pub async fn sign_in_all(world: &World, url: &str) -> Result<Vec<String>> {
    let client = Client::builder()
        .redirect(Policy::none())
        .user_agent("a browser")
        .build()?;
    let mut cookies = Vec::new();
    for person in 0..PEOPLE {
        world.github.use_browser_of(Some(&login(person)));
        cookies.push(sign_in(&client, url).await?);
    }
    Ok(cookies)
}

async fn sign_in(client: &Client, url: &str) -> Result<String> {
    let mut jar = BTreeMap::<String, String>::new();
    let mut at = Url::parse(&format!("{url}/sign-in/github?to=%2F"))?;
    for _ in 0..MAX_STEPS {
        let cookies: Vec<_> = jar
            .iter()
            .map(|(name, it)| format!("{name}={it}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut request = client.get(at.clone());
        if at.as_str().starts_with(url) {
            request = request.header(COOKIE, &cookies);
        }
        let answer = request.send().await?;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let (name, rest) = cookie.to_str()?.split_once('=').context("no cookie")?;
            let value = rest.split(';').next().unwrap_or_default();
            jar.insert(name.to_owned(), value.to_owned());
        }
        let Some(to) = answer.headers().get(LOCATION) else {
            ensure!(answer.status().is_success(), "{} at {at}", answer.status());
            return Ok(cookies);
        };
        at = at.join(to.to_str()?)?;
    }
    anyhow::bail!("the sign-in leads in a circle")
}
