//! The overview as one page of HTML.
//!
//! The page is the same for every overview, but for the data in it: JSON in an element that no browser runs, with `<`, `>`,
//! `&` and the line separators of JavaScript escaped, so that nothing in a name can end that element. The page's own script
//! puts texts where they belong, as texts.
//!
//! Its policy (`Content-Security-Policy`) names the page's own script and style by their hashes, and allows nothing else: no
//! address can be asked for anything, whatever a name says.

use sha2::{Digest, Sha256};

use super::Overview;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) fn page(overview: &Overview) -> Result<String, serde_json::Error> {
    let data = escaped(&serde_json::to_string(overview)?);
    let (style, script) = (format!("\n{STYLE}"), format!("\n{SCRIPT}"));
    let hash = |text: &str| base64(&Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(&style)
    );
    // Each place is looked for in the template alone: what is put into one is never searched.
    let mut page = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + data.len());
    let mut rest = PAGE;
    for (place, text) in [
        ("{{policy}}", &*policy),
        ("{{style}}", &*style),
        ("{{data}}", &*data),
        ("{{script}}", &*script),
    ] {
        if let Some((before, after)) = rest.split_once(place) {
            page.push_str(before);
            page.push_str(text);
            rest = after;
        }
    }
    page.push_str(rest);
    Ok(page)
}

/// JSON that can stand in an element of HTML. All of these occur in strings alone, where the escape means the same.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: [char; 64] = [
        'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V',
        'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r',
        's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/',
    ];
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = DIGITS.get((bits >> shift & 63) as usize).filter(|_| at <= three.len());
            text.push(digit.copied().unwrap_or('='));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn the_places_of_the_template_are_there_once_and_in_this_order() {
        let mut rest = PAGE;
        for place in ["{{policy}}", "{{style}}", "{{data}}", "{{script}}"] {
            rest = rest.split_once(place).unwrap().1;
        }
        assert_eq!(PAGE.matches("{{").count(), 4);
        // Neither may end its own element.
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
    }

    #[test]
    fn no_text_can_end_the_element_or_begin_one() {
        let hostile = "</script><!--&amp;\u{2028}\u{2029}\"\\";
        let json = serde_json::to_string(hostile).unwrap();
        let safe = escaped(&json);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), hostile);
    }
}
