//! Images at addresses, for a provider that does not fetch them itself.
//!
//! The address is the customer's, so whoever fetches it must not be led where the customer
//! could not go: a name is resolved once and only to addresses within reach, every step of
//! a redirect is looked at anew, and what comes back is bounded and has to be an image.

mod kind;
mod reach;

use core::time::Duration;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::try_join_all;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Response, Url};
use tokio::time::timeout;
use vuzo_wire::chat::RequestFault;
use vuzo_wire::talk::{Media, Part, Talk};

use crate::upstream::{InvalidSettings, install_crypto};
pub use reach::Reach;
use reach::Resolver;

/// More images of one call are not fetched.
const MOST_IMAGES: usize = 16;
/// A larger image is not fetched.
const LARGEST_IMAGE: usize = 10 << 20;
/// Nor are larger ones together.
const LARGEST_SUM: usize = 20 << 20;
/// More redirects are not followed.
const MOST_REDIRECTS: usize = 3;
/// An image that takes longer is given up.
const LONGEST: Duration = Duration::from_secs(10);
const LONGEST_CONNECT: Duration = Duration::from_secs(3);

/// Fetches images.
#[derive(Clone, Debug)]
pub struct Images {
    client: reqwest::Client,
    reach: Arc<Reach>,
}

/// Why an image was not fetched, to end the sentence "The image at … …".
type Refusal = &'static str;

impl Images {
    /// Fetches from within that reach.
    pub fn new(reach: Reach) -> Result<Self, InvalidSettings> {
        install_crypto();
        let reach = Arc::new(reach);
        let client = reqwest::Client::builder()
            .connect_timeout(LONGEST_CONNECT)
            // Nothing is kept: the next image is somebody else's.
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Resolver::new(Arc::clone(&reach))))
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .user_agent(concat!("vuzo/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(InvalidSettings::Client)?;
        Ok(Self { client, reach })
    }

    /// Puts the bytes of images in the place of their addresses. Addresses that
    /// `stay` says yes to are left to the provider.
    pub(crate) async fn inline(
        &self,
        talk: &mut Talk,
        stay: fn(&str) -> bool,
    ) -> Result<(), RequestFault> {
        let mut places = Vec::new();
        for part in talk.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
            match part {
                Part::Image { media, .. } => places.push(media),
                Part::Result { parts, .. } => {
                    for part in parts {
                        if let Part::Image { media, .. } = part {
                            places.push(media);
                        }
                    }
                }
                _ => {}
            }
        }
        places.retain(|media| matches!(media, Media::Url(url) if !stay(url)));
        if places.len() > MOST_IMAGES {
            let message = format!(
                "More than {MOST_IMAGES} images at addresses: send the others as data URLs."
            );
            return Err(refused(message));
        }
        let fetched = try_join_all(places.iter().map(|media| self.one(media))).await?;
        let sum: usize = fetched.iter().map(|(_, bytes)| bytes.len()).sum();
        if sum > LARGEST_SUM {
            let message = "The images at addresses have more than 20 MiB together.";
            return Err(refused(message));
        }
        for (media, (kind, bytes)) in places.into_iter().zip(fetched) {
            *media = Media::Inline {
                kind: kind.to_owned(),
                data: STANDARD.encode(bytes),
            };
        }
        Ok(())
    }

    async fn one(&self, media: &Media) -> Result<(&'static str, Vec<u8>), RequestFault> {
        let Media::Url(text) = media else {
            return Ok(("", Vec::new()));
        };
        let outcome = timeout(LONGEST, self.fetch(text)).await;
        outcome
            .unwrap_or(Err("did not come within ten seconds"))
            .map_err(|why| {
                let shown: String = text.chars().take(200).collect();
                refused(format!(
                    "The image at '{shown}' {why}. It can be sent as a data URL \
                     (data:image/png;base64,…)."
                ))
            })
    }

    async fn fetch(&self, text: &str) -> Result<(&'static str, Vec<u8>), Refusal> {
        let mut url = Url::parse(text).map_err(|_syntax| "has no valid address")?;
        for _ in 0..=MOST_REDIRECTS {
            self.reach.check(&url)?;
            let request = self
                .client
                .get(url.clone())
                .header(ACCEPT, "image/*")
                .header(ACCEPT_ENCODING, "identity");
            // Why not is not told: it would say what is there and what is not.
            let response = request
                .send()
                .await
                .map_err(|_trouble| "could not be fetched")?;
            if response.status().is_redirection() {
                let next = response.headers().get(LOCATION);
                let next = next.and_then(|next| next.to_str().ok());
                let next = next.and_then(|next| url.join(next).ok());
                url = next.ok_or("could not be fetched")?;
                continue;
            }
            if !response.status().is_success() {
                return Err("could not be fetched");
            }
            let bytes = read(response).await?;
            let kind = kind::of(&bytes).ok_or("is no PNG, JPEG, WebP, GIF, HEIC or HEIF")?;
            return Ok((kind, bytes));
        }
        Err("is redirected too often")
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Refusal> {
    const TOO_LARGE: Refusal = "has more than 10 MiB";
    let stated = response.headers().get(CONTENT_LENGTH);
    let stated = stated.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if stated.is_some_and(|length| length > LARGEST_IMAGE) {
        return Err(TOO_LARGE);
    }
    let mut bytes = Vec::with_capacity(stated.unwrap_or(0));
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|_trouble| "could not be fetched")?
    {
        if bytes.len().saturating_add(piece.len()) > LARGEST_IMAGE {
            return Err(TOO_LARGE);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn refused(message: impl Into<String>) -> RequestFault {
    RequestFault {
        message: message.into(),
        param: Some("messages.content.image_url.url".to_owned()),
        code: Some("invalid_image_url"),
    }
}
