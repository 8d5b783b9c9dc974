//! Which language a reader gets, of those that there are.

use protocol::client_metadata::Localized;

/// The most languages of one reader that are heeded. What follows is not missed by anybody.
const MAX_LANGUAGES: usize = 32;
/// The longest list of languages that is read, in bytes. A longer one is read to there.
const MAX_LIST: usize = 1_024;

/// A language that every page is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// The language of whoever says nothing, or reads none of the others.
    English,
    /// German.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag (BCP 47), for `lang`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// How it is written, for `dir`.
    pub fn direction(self) -> &'static str {
        match self {
            Self::English | Self::German => "ltr",
        }
    }
}

/// The languages that somebody reads, the best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    ranges: Vec<String>,
}

/// One form of a text, and the tag of the language that it is in, where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form<'a> {
    pub(super) text: &'a str,
    pub(super) tag: Option<&'a str>,
}

impl Preferences {
    /// What the client said of its user (`ui_locales`, OpenID Connect Core §3.1.2.1) comes before what the browser
    /// says of everybody who sits before it (`Accept-Language`, RFC 9110 §12.5.4). What is malformed in either is
    /// passed over: a page in another language is better than none.
    pub fn of(ui_locales: Option<&str>, accept_language: Option<&str>) -> Self {
        let mut ranges: Vec<String> = Vec::new();
        let asked = bounded(ui_locales.unwrap_or_default()).split(' ').take(MAX_LANGUAGES);
        for range in asked.chain(accepted(bounded(accept_language.unwrap_or_default()))) {
            let known = ranges.iter().any(|known| known.eq_ignore_ascii_case(range));
            if is_range(range) && !known && ranges.len() < MAX_LANGUAGES {
                ranges.push(range.to_owned());
            }
        }
        Self { ranges }
    }

    /// The language that a page is shown in.
    pub fn language(&self) -> Language {
        let ours = Language::ALL.into_iter().map(|language| (language.tag(), language));
        self.ranges.iter().find_map(|range| lookup(range, &ours)).unwrap_or(Language::English)
    }

    /// The form of a client's text that fits best (RFC 7591 §2.2): one in a language of the reader, else the one that
    /// is in no particular language, else one in the language of the page, else any.
    pub fn pick<'a>(&self, text: &'a Localized) -> Option<&'a str> {
        self.form(text).map(|form| form.text)
    }

    /// As [`Self::pick`], with the language.
    pub(super) fn form<'a>(&self, text: &'a Localized) -> Option<Form<'a>> {
        let forms = || {
            text.tagged
                .iter()
                .map(|(tag, text)| (tag.as_str(), Form { text: text.as_str(), tag: Some(tag.as_str()) }))
        };
        let fits = |range: &str| {
            // Who reads Swiss German reads Austrian German too: the lookup of RFC 4647 would not find it.
            let related = || forms().find(|(tag, _)| primary(tag).eq_ignore_ascii_case(primary(range)));
            lookup(range, &forms()).or_else(|| related().map(|(_, form)| form))
        };
        // Where the page is in a language that the client has no form for, the plain form goes with it better than one in
        // a language that the reader likes less.
        let plain = || text.plain.as_deref().map(|text| Form { text, tag: None });
        let is_of_the_page =
            |range: &str| primary(range).eq_ignore_ascii_case(primary(self.language().tag()));
        self.ranges
            .iter()
            .find_map(|range| fits(range).or_else(|| plain().filter(|_| is_of_the_page(range))))
            .or_else(plain)
            .or_else(|| fits(self.language().tag()))
            .or_else(|| forms().next().map(|(_, form)| form))
    }
}

/// RFC 4647 §3.4: the range is made shorter from its end until something has that very tag.
fn lookup<'t, T>(range: &str, tagged: &(impl Iterator<Item = (&'t str, T)> + Clone)) -> Option<T> {
    let mut range = range;
    loop {
        if let Some((_, found)) = tagged.clone().find(|(tag, _)| tag.eq_ignore_ascii_case(range)) {
            return Some(found);
        }
        (range, _) = range.rsplit_once('-')?;
        // A single character only introduces what was cut off.
        if let Some((shorter, single)) = range.rsplit_once('-')
            && single.len() == 1
        {
            range = shorter;
        }
    }
}

/// The language itself, without script, region and variant.
fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

/// The ranges of an `Accept-Language`, by their weight; those of one weight stay in order (RFC 9110 §12.4.2).
fn accepted(list: &str) -> impl Iterator<Item = &str> {
    let mut weighed: Vec<(&str, u16)> = list
        .split(',')
        .take(MAX_LANGUAGES)
        .filter_map(|element| {
            let mut parts = element.split(';').map(str::trim);
            let range = parts.next()?;
            let weight = match parts.next() {
                None => 1_000,
                Some(weight) => thousandths(weight.strip_prefix("q=").or(weight.strip_prefix("Q="))?)?,
            };
            // Zero means: not this one.
            (weight > 0 && parts.next().is_none()).then_some((range, weight))
        })
        .collect();
    weighed.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    weighed.into_iter().map(|(range, _)| range)
}

/// RFC 9110 §12.4.2: `0`, `1`, or either with up to three digits behind a point, and never more than 1.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, rest) = weight.split_once('.').unwrap_or((weight, ""));
    if rest.len() > 3 || !rest.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let rest: u16 = format!("{rest:0<3}").parse().ok()?;
    match whole {
        "0" => Some(rest),
        "1" if rest == 0 => Some(1_000),
        _ => None,
    }
}

/// The shape of a basic language range, but for `*`, which says nothing (RFC 4647 §2.1).
fn is_range(text: &str) -> bool {
    let part = |text: &str| (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    text.len() <= 64 && text.split('-').all(part) && primary(text).bytes().all(|b| b.is_ascii_alphabetic())
}

/// The beginning of a list, cut where a character ends.
fn bounded(list: &str) -> &str {
    let end =
        (0..=MAX_LIST.min(list.len())).rev().find(|end| list.is_char_boundary(*end)).unwrap_or_default();
    list.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ui_locales: &str, accept_language: &str) -> Preferences {
        Preferences::of(Some(ui_locales), Some(accept_language))
    }

    #[test]
    fn a_page_is_in_the_first_language_that_it_is_written_in() {
        for (ui_locales, accept_language, language) in [
            ("", "", Language::English),
            ("de", "", Language::German),
            ("", "de", Language::German),
            ("DE-ch", "", Language::German),
            ("de-CH-1996-x-old", "en", Language::German),
            ("en", "de", Language::English),
            ("fr-CA fr de", "en", Language::German),
            ("fr", "ja", Language::English),
            ("fr", "de", Language::German),
            ("", "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", Language::English),
            ("", "fr-CH, fr;q=0.9, en;q=0.7, de;q=0.8, *;q=0.5", Language::German),
            ("", "en;q=0.5,de;q=0.501", Language::German),
            ("", "en ; q=0.5 , de", Language::German),
            ("", "de;q=0, en;q=0.1", Language::English),
            ("", "de;q=0.000", Language::English),
            ("", "*", Language::English),
            ("", "de, en", Language::German),
            // Another language whose tag only begins like one of ours.
            ("den", "", Language::English),
            ("deu", "", Language::English),
        ] {
            assert_eq!(
                read(ui_locales, accept_language).language(),
                language,
                "{ui_locales} {accept_language}"
            );
        }
        assert_eq!(Preferences::of(None, None).language(), Language::English);
    }

    #[test]
    fn what_is_malformed_is_passed_over() {
        for nonsense in [
            "de;q=2",
            "de;q=1.001",
            "de;q=0.0001",
            "de;q=",
            "de;q=-1",
            "de;q=.5",
            "de;level=1",
            "de;q=1;q=1",
            "de_DE",
            "<de>",
            "de-",
            "-de",
            "d\u{e9}",
            "de-deutschland",
            ";q=1",
            ",,,",
        ] {
            assert_eq!(read("", nonsense), Preferences::default(), "{nonsense}");
        }
        assert_eq!(read("de_DE  <de> de", "").language(), Language::German);
    }

    #[test]
    fn lists_without_an_end_cost_little() {
        let many = (0..10_000).map(|n| format!("x{n}")).collect::<Vec<_>>();
        assert!(read(&many.join(" "), &many.join(",")).ranges.is_empty());
        let many = (0..10_000).map(|n| format!("aa-{n}")).collect::<Vec<_>>();
        assert_eq!(read(&many.join(" "), &many.join(",")).ranges.len(), MAX_LANGUAGES);
        // The cut is never inside a character.
        assert!(read(&"\u{e9}".repeat(5_000), &"x\u{1f600}".repeat(5_000)).ranges.is_empty());
    }

    fn localized(plain: Option<&str>, tags: &[&str]) -> Localized {
        Localized {
            plain: plain.map(str::to_owned),
            tagged: tags.iter().map(|tag| ((*tag).to_owned(), format!("in {tag}"))).collect(),
        }
    }

    #[test]
    fn a_clients_text_is_in_the_form_that_fits_best() {
        for (languages, plain, tags, picked) in [
            ("de", Some("plain"), &["de", "fr"][..], Some("in de")),
            ("de-CH", Some("plain"), &["de", "de-AT"], Some("in de")),
            ("de-CH", Some("plain"), &["de-AT"], Some("in de-AT")),
            ("DE", Some("plain"), &["de-AT"], Some("in de-AT")),
            ("ja-Jpan-JP", Some("plain"), &["ja-JPAN"], Some("in ja-JPAN")),
            ("zh-Hant-CN-x-private", None, &["en", "zh-Hant", "zh-Hans"], Some("in zh-Hant")),
            // The page is in German, and what is plain goes with it better than
            // the reader's second language does.
            ("de fr", Some("plain"), &["fr"], Some("plain")),
            ("de", Some("plain"), &["fr"], Some("plain")),
            ("", Some("plain"), &["en"], Some("plain")),
            // Nothing plain: the language of the page, then whatever there is.
            ("ja", None, &["de", "en-GB"], Some("in en-GB")),
            ("ja", None, &["fr", "it"], Some("in fr")),
            ("ja", None, &[], None),
        ] {
            let text = localized(plain, tags);
            assert_eq!(read(languages, "").pick(&text), picked, "{languages} of {tags:?}");
        }
    }

    #[test]
    fn the_language_of_a_clients_text_is_told_where_it_is_known() {
        let text = localized(Some("plain"), &["ja"]);
        assert_eq!(read("ja", "").form(&text), Some(Form { text: "in ja", tag: Some("ja") }));
        assert_eq!(read("de", "").form(&text), Some(Form { text: "plain", tag: None }));
    }
}
