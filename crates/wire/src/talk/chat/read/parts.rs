//! Message content: a string, or parts.

use serde::Deserialize;

use super::fault::{invalid, unsupported};
use crate::chat::RequestFault;
use crate::talk::{CacheLife, Media, Part};

/// `cache_control` or `prompt_cache_breakpoint`.
#[derive(Deserialize)]
pub(super) struct CacheField {
    ttl: Option<String>,
}

impl CacheField {
    pub(super) fn life(self) -> CacheLife {
        match self.ttl.as_deref() {
            None | Some("5m") => CacheLife::Short,
            Some(_) => CacheLife::Long,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<PartField>),
}

#[derive(Deserialize)]
pub(super) struct PartField {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    refusal: Option<String>,
    image_url: Option<ImageField>,
    input_audio: Option<AudioField>,
    file: Option<FileField>,
    cache_control: Option<CacheField>,
    prompt_cache_breakpoint: Option<CacheField>,
}

#[derive(Deserialize)]
struct ImageField {
    url: String,
    detail: Option<String>,
}

#[derive(Deserialize)]
struct AudioField {
    data: String,
    format: String,
}

#[derive(Deserialize)]
struct FileField {
    file_data: Option<String>,
    filename: Option<String>,
}

impl Content {
    /// Appends what is said; `at` is the path of the content.
    pub(super) fn into_parts(self, at: &str, out: &mut Vec<Part>) -> Result<(), RequestFault> {
        match self {
            Self::Text(text) => out.push(Part::Text { text, cache: None }),
            Self::Parts(parts) => {
                for (index, part) in parts.into_iter().enumerate() {
                    out.push(part.into_part(&format!("{at}[{index}]"))?);
                }
            }
        }
        Ok(())
    }
}

impl PartField {
    fn into_part(self, at: &str) -> Result<Part, RequestFault> {
        let hint = self.cache_control.or(self.prompt_cache_breakpoint);
        let cache = hint.map(CacheField::life);
        let missing = || invalid(format!("{at}.type"), "a part with the member that it names");
        match self.kind.as_str() {
            "text" => {
                let text = self.text.ok_or_else(missing)?;
                Ok(Part::Text { text, cache })
            }
            "refusal" => {
                let text = self.refusal.ok_or_else(missing)?;
                Ok(Part::Refusal { text })
            }
            "image_url" => {
                let image = self.image_url.ok_or_else(missing)?;
                Ok(Part::Image {
                    media: media(image.url, &format!("{at}.image_url.url"))?,
                    detail: image.detail,
                    cache,
                })
            }
            "input_audio" => {
                let AudioField { data, format } = self.input_audio.ok_or_else(missing)?;
                Ok(Part::Audio { format, data })
            }
            _ => {
                let file = self.file.ok_or_else(missing)?;
                file.into_part(cache, &format!("{at}.file"))
            }
        }
    }
}

impl FileField {
    fn into_part(self, cache: Option<CacheLife>, at: &str) -> Result<Part, RequestFault> {
        let Some(data) = self.file_data else {
            return Err(unsupported(
                format!("{at}.file_id"),
                "Files are not kept here: send the file in 'file_data'.",
            ));
        };
        let media = if is_data_url(&data) {
            media(data, &format!("{at}.file_data"))?
        } else {
            // OpenAI's own clients send bare base64 for documents now and then.
            let kind = "application/pdf".to_owned();
            Media::Inline { kind, data }
        };
        Ok(Part::Document {
            media,
            name: self.filename,
            cache,
        })
    }
}

fn is_data_url(url: &str) -> bool {
    url.get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// What an address stands for; bytes are kept as they are, in base64.
fn media(url: String, at: &str) -> Result<Media, RequestFault> {
    if !is_data_url(&url) {
        return Ok(Media::Url(url));
    }
    let inline = url.get(5..).and_then(|rest| rest.split_once(','));
    let found = inline.and_then(|(head, data)| Some((head.strip_suffix(";base64")?, data)));
    match found {
        Some((kind, data)) if kind.contains('/') => Ok(Media::Inline {
            // Parameters such as a charset say nothing about the bytes.
            kind: kind
                .split(';')
                .next()
                .unwrap_or(kind)
                .trim()
                .to_ascii_lowercase(),
            data: data.to_owned(),
        }),
        _ => Err(invalid(at, "a data: URL with a media type and base64 data")),
    }
}
