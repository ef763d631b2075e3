//! Which names speak of values that tell who somebody is, and which are such values themselves.

/// Words of a name whose values are never listed, however many people share one.
const PERSONAL: [&str; 44] = [
    "account",
    "address",
    "anonymous",
    "birth",
    "birthday",
    "birthdate",
    "card",
    "city",
    "contact",
    "cookie",
    "device",
    "dob",
    "domain",
    "email",
    "employer",
    "first",
    "firstname",
    "fullname",
    "handle",
    "iban",
    "id",
    "idfa",
    "ids",
    "ip",
    "last",
    "lastname",
    "login",
    "mail",
    "mobile",
    "name",
    "passport",
    "password",
    "phone",
    "postal",
    "postcode",
    "secret",
    "ssn",
    "street",
    "surname",
    "tel",
    "token",
    "url",
    "user",
    "username",
];

/// Parts that are as telling inside of a longer word, such as `useremail`.
const INSIDE: [&str; 8] = ["email", "phone", "address", "uuid", "guid", "passw", "birth", "name"];

/// The words of a name: `signUpEmail`, `sign_up_email` and `sign-up-email` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        let begins = c.is_uppercase() && small;
        small = c.is_lowercase() || c.is_ascii_digit();
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether the values of a path may tell who somebody is, by its names.
pub(super) fn is_personal(path: &[Box<str>]) -> bool {
    path.iter().flat_map(|key| words(key)).any(|word| {
        PERSONAL.contains(&word.as_str()) || INSIDE.iter().any(|inside| word.contains(inside)) || word.ends_with("zip")
    })
}

/// Whether a name is odd enough to be somebody's: an address, a number, an id. A plain word in a schema is what its
/// developers chose.
pub(super) fn is_odd(name: &str) -> bool {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '$' | ':' | '/' | '.' | '(' | ')' | '&');
    digits >= 4 || name.chars().count() > 64 || !name.chars().all(plain)
}

/// Whether a text looks like an address, a number of a phone or card, or an id.
pub(super) fn looks_personal(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.contains('@') || digits >= 5 || text.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_and_places_are_personal_however_they_are_written() {
        let of = |name: &str| is_personal(&[name.into()]);
        for name in [
            "email",
            "userEmail",
            "user_email",
            "USER-EMAIL",
            "workemail",
            "firstName",
            "phone2",
            "IP",
            "userId",
        ] {
            assert!(of(name), "{name}");
        }
        for name in ["plan", "status", "tier", "kind", "video", "idea", "shipping"] {
            assert!(!of(name), "{name}");
        }
        assert!(is_personal(&["address".into(), "kind".into()]));
    }

    #[test]
    fn odd_names_may_be_somebody() {
        for name in ["a@b.example", "user 49151", "x".repeat(65).as_str(), "+49 151"] {
            assert!(is_odd(name), "{name}");
        }
        for name in ["Order Completed", "utm_source", "größe", "a.b", "step 2"] {
            assert!(!is_odd(name), "{name}");
        }
    }
}
